"""What an experiment found, in plain sentences."""

from __future__ import annotations

import pandas as pd

from .cell_folder import CellState
from .experiment import Experiment
from .results import MEAN
from .settings import amount_in_words

_SIGNIFICANT = 0.05


def plain_summary(experiment: Experiment, summary: pd.DataFrame, tests: pd.DataFrame) -> list[str]:
    """Sentences on how far the grid is, who is ahead, and which differences are beyond chance.

    `summary` is of `tables.summarise`, `tests` of `statistics.paired` for Dice.
    """
    states = [experiment.place(cell).state for cell in experiment.cells]
    done = states.count(CellState.DONE)
    lines = [
        f"{done} of {len(states)} trainings are done"
        + (f"; {states.count(CellState.FAILED)} failed." if CellState.FAILED in states else ".")
    ]
    means = summary[(summary["metric"] == "dice") & (summary["label"] == MEAN)]
    for fraction, part in means.groupby("fraction", sort=False):
        ordered = part.sort_values("mean", ascending=False)
        said = ", ".join(f"{row.method} {row.mean:.3f}" for row in ordered.itertuples(name="Row"))
        lines.append(f"Mean Dice with {amount_in_words(fraction)} fully labelled: {said}.")
        mine = tests[(tests["fraction"] == fraction) & (tests["label"] == MEAN)]
        for row in mine[mine["p_holm"] < _SIGNIFICANT].itertuples():
            lines.append(
                f"{row.method} differs from {row.reference} by {row.difference:+.3f} (95 % "
                f"interval {row.low:+.3f} to {row.high:+.3f}, Holm-corrected p {row.p_holm:.2g})."
            )
    return lines
