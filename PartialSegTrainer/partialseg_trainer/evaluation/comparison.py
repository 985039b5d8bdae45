"""Several methods side by side, label by label, with the best of each row marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .tables import mean_sd, summary_table

# Whether more is better.
COMPARED = {"dice": True, "hd95": False}


@dataclass(frozen=True)
class Cell:
    """Mean ± sd of one metric; `best` of its row; `used` scans of `scans` where it is defined."""

    text: str
    best: bool
    used: int
    scans: int


def compare(tables: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, dict[str, Cell]]]:
    """Cells by label, metric ("dice", "hd95") and method, from the `score_table` of each method.

    A method is best only among those with a score for as many scans as any other has: one that
    misses a structure has no distance there, and would win by leaving out its worst scans.
    """
    summaries = {method: summary_table(table) for method, table in tables.items()}
    labels = next(iter(summaries.values())).index
    return {
        label: {metric: _row(summaries, label, metric) for metric in COMPARED} for label in labels
    }


def _row(summaries: Mapping[str, pd.DataFrame], label: str, metric: str) -> dict[str, Cell]:
    means, used, left_out = (
        {method: summary.loc[label, (metric, name)] for method, summary in summaries.items()}
        for name in ("mean", "n", "left_out")
    )
    eligible = [means[method] for method in means if used[method] == max(used.values())]
    best = max(eligible) if COMPARED[metric] else min(eligible)
    return {
        method: Cell(
            text=mean_sd(summary, label, metric),
            best=len(summaries) > 1
            and used[method] == max(used.values())
            and bool(np.isclose(means[method], best)),
            used=int(used[method]),
            scans=int(used[method] + left_out[method]),
        )
        for method, summary in summaries.items()
    }
