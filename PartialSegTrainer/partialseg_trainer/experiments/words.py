"""What an experiment found, in plain sentences."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from .cell_folder import CellState
from .experiment import Experiment
from .results import MEAN
from .settings import amount_in_words
from .statistics import CONFIDENCE

_SIGNIFICANT = 0.05
# More than these in one sentence are not read; the tables have them all.
_MOST_NAMED = 6


def settings_in_words(settings: Mapping[str, Any]) -> str:
    """`loss: iuc, patch: [64, 64]`, as a YAML file of one line would have it."""
    return ", ".join(
        f"{name}: {value if isinstance(value, str) else json.dumps(value)}"
        for name, value in settings.items()
    )


def plain_summary(experiment: Experiment, summary: pd.DataFrame, tests: pd.DataFrame) -> list[str]:
    """Sentences on how far the grid is, who is ahead, and which differences are beyond chance.

    `summary` is of `tables.summarise`, `tests` of `statistics.paired` for Dice.
    """
    states = [experiment.place(cell).state for cell in experiment.cells]
    done = states.count(CellState.DONE)
    lines = [
        f"{done} of {len(states)} cells of the grid are done"
        + (f"; {states.count(CellState.FAILED)} failed." if CellState.FAILED in states else ".")
    ]
    means = summary[(summary["metric"] == "dice") & (summary["label"] == MEAN)]
    for fraction, part in means.groupby("fraction", sort=False):
        ordered = part.sort_values("mean", ascending=False)
        said = _some([f"{row.method} {row.mean:.3f}" for row in ordered.itertuples(name="Row")])
        lines.append(f"Mean Dice with {amount_in_words(fraction)} fully labelled: {said}.")
        mine = tests[(tests["fraction"] == fraction) & (tests["label"] == MEAN)]
        if len(mine):
            lines.append(_differences(mine))
    return lines


def _differences(tests: pd.DataFrame) -> str:
    """Which methods differ from the reference beyond chance, the best first."""
    ordered = tests.sort_values("difference", ascending=False)
    told = ordered["p_holm"] < _SIGNIFICANT
    sure = _some(
        [
            f"{row.method} {row.difference:+.3f} ({row.low:+.3f} to {row.high:+.3f})"
            for row in ordered[told].itertuples()
        ]
    )
    unsure = _some(list(ordered[~told]["method"]))
    reference, subjects = tests["reference"].iloc[0], tests["subjects"].max()
    return (
        f"Different from {reference} beyond chance, with Holm-corrected p below {_SIGNIFICANT} and "
        f"{100 * CONFIDENCE:.0f}\N{NO-BREAK SPACE}% intervals over {subjects} test subjects: "
        f"{sure or 'none'}." + (f" Not told apart from it: {unsure}." if unsure else "")
    )


def _some(said: list[str]) -> str:
    """The first ones, how many there are between, and the last."""
    if len(said) > _MOST_NAMED + 1:
        between = len(said) - _MOST_NAMED - 1
        said = [*said[:_MOST_NAMED], f"{between} more", f"and last {said[-1]}"]
    return "; ".join(said)
