"""The scores of all cells that are done, as one tidy table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..evaluation import DISTANCES, SIGNED
from ..evaluation.scores import MISSING_IN_PREDICTION
from .cell_folder import CellState
from .experiment import Experiment
from .metrics import METRICS

COLUMNS = ("method", "fraction", "full_subjects", "draw", "seed", "subject", "scan", "label")
# The name of the mean over all labels, where a label is expected.
MEAN = "mean"


def collect(experiment: Experiment) -> pd.DataFrame:
    """A row for each cell that is done, test scan and label; empty where none is done.

    `COLUMNS`, then `METRICS` (NaN where a score is undefined) and `note`, which says why.
    """
    subjects = {case.name: case.subject for case in experiment.tested.cases}
    tables = []
    for cell in experiment.cells:
        place = experiment.place(cell)
        if place.state is CellState.DONE:
            table = place.scores()
            tables.append(
                table.assign(
                    method=cell.method,
                    fraction=cell.amount,
                    full_subjects=cell.full,
                    draw=cell.draw,
                    seed=cell.seed,
                    subject=table["scan"].map(subjects),
                )
            )
    columns = [*COLUMNS, *METRICS, "note"]
    return (
        pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)
    )


def with_mean(table: pd.DataFrame) -> pd.DataFrame:
    """The table with rows for the label "mean": the mean over the labels of each scan.

    Where a label was missed, the mean distance is undefined too: to miss the hardest structures
    must not look like an advantage. A signed difference would cancel out, and has no mean.
    """
    keys = [column for column in COLUMNS if column != "label"]
    values = [metric for metric in METRICS if metric not in SIGNED]
    means = table.groupby(keys, sort=False)[values].mean()
    missed = (table["note"] == MISSING_IN_PREDICTION).groupby([table[key] for key in keys]).any()
    means.loc[missed.reindex(means.index), list(DISTANCES)] = np.nan
    return pd.concat([table, means.reset_index().assign(label=MEAN)], ignore_index=True)
