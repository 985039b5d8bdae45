"""Scores of many scans as tables: long, summed up per label, and for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields

import pandas as pd
from rich.table import Table

from ..labels import LabelScheme
from .scores import LabelScore

METRICS = {
    "dice": "Dice",
    "hd95": "HD95 (mm)",
    "hd100": "HD100 (mm)",
    "assd": "ASSD (mm)",
    "nsd05": "NSD at 0.5 mm",
    "nsd1": "NSD at 1 mm",
    "precision": "Precision",
    "recall": "Recall",
    "lesion_f1": "Lesion-wise F1",
    "volume_difference_ml": "Volume difference (mL)",
    "rvd": "Relative volume difference (%)",
}
# Shares, from 0 to 1, of which more is better.
SHARES = ("dice", "nsd05", "nsd1", "precision", "recall", "lesion_f1")
# Of either sign, of which 0 is best.
SIGNED = ("volume_difference_ml", "rvd")
# What a structure that is missing on one side does not have.
DISTANCES = ("hd95", "hd100", "assd")
# A terminal of 80 columns has no room for more.
_IN_TERMINAL = ("dice", "hd95", "assd", "nsd1", "volume_difference_ml")
# Where there are lesions, it is what they are compared by.
_OF_LESIONS = "lesion_f1"


def score_table(scores: Mapping[str, Sequence[LabelScore]]) -> pd.DataFrame:
    """One row a scan and label: `scan`, then the fields of `LabelScore`; NaN where undefined."""
    rows = [{"scan": scan, **asdict(row)} for scan, labels in scores.items() for row in labels]
    table = pd.DataFrame(rows, columns=["scan", *(field.name for field in fields(LabelScore))])
    numbers = [column for column in table if column not in ("scan", "label", "note")]
    return table.astype(dict.fromkeys(numbers, float))


def summary_table(table: pd.DataFrame) -> pd.DataFrame:
    """One row a label, in the scheme's order, from a `score_table`.

    Columns are pairs (metric, statistic): "mean", "sd" (of the sample; NaN for one scan), "n" scans
    used and "left_out" scans where the metric is undefined.
    """
    grouped = table.groupby("label", sort=False)[list(METRICS)]
    statistics = {
        "mean": grouped.mean(),
        "sd": grouped.std(ddof=1),
        "n": grouped.count(),
        "left_out": grouped.agg(lambda column: column.isna().sum()),
    }
    summary = pd.concat(statistics, axis=1).swaplevel(axis=1)
    return summary[[(metric, statistic) for metric in METRICS for statistic in statistics]]


def with_spread(mean: float, sd: float, digits: int) -> str:
    """`0.91 ± 0.02`; without the spread where there is none (NaN), `—` where there is no mean."""
    if pd.isna(mean):
        return "—"
    return f"{mean:.{digits}f}" + ("" if pd.isna(sd) else f" ± {sd:.{digits}f}")


def mean_sd(summary: pd.DataFrame, label: str, metric: str) -> str:
    """A label's score in a `summary_table`, by `with_spread`."""
    mean, sd = (summary.loc[label, (metric, name)] for name in ("mean", "sd"))
    return with_spread(mean, sd, 3 if metric in SHARES else 2)


def terminal_table(summary: pd.DataFrame, scheme: LabelScheme, title: str = "") -> Table:
    """The most telling of a `summary_table`: mean ± sd per label, and the number of scans.

    The last column counts scans without a distance, where the label is missing on one side.
    """
    metrics = _IN_TERMINAL
    if any(label.is_lesion for label in scheme):
        metrics = (*metrics, _OF_LESIONS)
    table = Table(title=title or None)
    table.add_column("Label")
    for heading in (*(METRICS[metric] for metric in metrics), "Scans", "No distance"):
        table.add_column(heading, justify="right")
    for label, depth in scheme.outline():
        counts = summary.loc[label.name, "hd95"]
        used, left_out = int(counts["n"]), int(counts["left_out"])
        table.add_row(
            "  " * depth + label.title,
            *(mean_sd(summary, label.name, metric) for metric in metrics),
            str(used + left_out),
            str(left_out) if left_out else "",
        )
    return table
