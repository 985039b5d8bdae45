"""The paper's own figures, to stand beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from ..files import read_json
from .experiment import Experiment
from .settings import subjects_of


@dataclass(frozen=True)
class Published:
    """A row of the paper: mean Dice by label, of preterm and of term-age scans."""

    method: str
    loss: str
    network: str
    fraction: str
    preterm: dict[str, float]
    term: dict[str, float]
    strategy: str = "plain"


@cache
def published() -> tuple[str, str, tuple[Published, ...]]:
    """Where the figures are from, on which data they were measured, and the figures."""
    content = read_json(Path(__file__).with_suffix(".json"))
    return content["source"], content["data"], tuple(Published(**row) for row in content["rows"])


def beside_ours(experiment: Experiment, summaries: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The paper's rows for methods that are in the experiment too, each with our mean Dice.

    `summaries` are of `tables.summarise`, for each group of ages, "" being all scans. Ours is at
    the paper's fraction where the grid has it, else at the smallest amount of full scans; columns
    are pairs (whose, label), rows pairs (the paper's method and fraction, ours). Empty where
    nothing can be put side by side.
    """
    rows, index = [], []
    scheme = experiment.source.scheme
    training = len(experiment.splits[0].train)
    ours = {
        f"ours, {group}".removesuffix(", "): summary[summary["metric"] == "dice"].set_index(
            ["method", "fraction", "label"]
        )["mean"]
        for group, summary in summaries.items()
    }
    measured = {place[:2] for dice in ours.values() for place in dice.index}
    for row in published()[2]:
        labels = [label for label in row.preterm if label in scheme]
        method = _same_method(experiment, row)
        if method is None or not labels:
            continue
        here = [amount for name, amount in measured if name == method]
        if not here:
            continue
        smallest = min(here, key=lambda amount: subjects_of(amount, training))
        amount = row.fraction if row.fraction in here else smallest
        rows.append(
            {
                **{("paper, preterm", label): row.preterm.get(label) for label in labels},
                **{("paper, term", label): row.term.get(label) for label in labels},
                **{
                    (whose, label): dice.get((method, amount, label))
                    for whose, dice in ours.items()
                    for label in labels
                },
            }
        )
        name = row.method if row.network == "unet" else f"{row.method}, {row.network}"
        index.append((f"{name}, {row.fraction}", f"{method}, {amount}"))
    if not rows:
        return pd.DataFrame()
    return pd.DataFrame(
        rows,
        index=pd.MultiIndex.from_tuples(index, names=["paper", "ours"]),
        columns=pd.MultiIndex.from_tuples(rows[0]),
    )


def _same_method(experiment: Experiment, row: Published) -> str | None:
    """The first method of the experiment with strategy, loss and network of the paper's row."""
    for name in experiment.settings.methods:
        if any(experiment.settings.methods[name].use.values()):
            continue
        config = experiment.settings.train_config(name, Path(), 0)
        here = (config.strategy, config.loss, config.network.name)
        if here == (row.strategy, row.loss, row.network):
            return name
    return None
