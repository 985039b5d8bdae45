"""Tables of an experiment, as CSV, Markdown and LaTeX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..evaluation import SHARES, SIGNED, with_spread
from ..files import write_text
from ..labels import LabelScheme
from ..plain_text import markdown, spreadsheet
from .metrics import DIGITS, METRICS
from .results import MEAN, with_mean


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """A row for each method, fraction, label and metric, from `results.collect`.

    `mean` is over test scans, then over trainings (draws and seeds); `sd` is the sample standard
    deviation over trainings, `sd_scans` that over scans (each averaged over trainings). `trainings`
    and `scans` count them; `undefined` counts those of all `scores` that are left out, where a
    structure was missing.
    """
    long = with_mean(table).melt(
        ["method", "fraction", "draw", "seed", "scan", "label"],
        list(METRICS),
        var_name="metric",
        value_name="value",
    )
    long["value"] = long["value"].astype(float)
    keys = ["fraction", "method", "metric", "label"]
    trainings = (
        long.groupby([*keys, "draw", "seed"], sort=False)["value"].mean().groupby(keys, sort=False)
    )
    scans = long.groupby([*keys, "scan"], sort=False)["value"].mean().groupby(keys, sort=False)
    return pd.DataFrame(
        {
            "mean": trainings.mean(),
            "sd": trainings.std(ddof=1),
            "sd_scans": scans.std(ddof=1),
            "trainings": trainings.size(),
            "scans": scans.size(),
            "scores": long.groupby(keys, sort=False)["value"].size(),
            "undefined": long.groupby(keys, sort=False)["value"].agg(lambda x: x.isna().sum()),
        }
    ).reset_index()


def wide(summary: pd.DataFrame, metric: str, scheme: LabelScheme) -> pd.DataFrame:
    """`0.912 ± 0.010` of a `summarise` table in the form of the paper's Tables 1 to 3.

    A row is a fraction and method, a column the title of a label that has a score, and their mean.
    `(6 of 8)` follows where so many of the scores are defined.
    """
    part = summary[(summary["metric"] == metric) & (summary["undefined"] < summary["scores"])]
    text = part.apply(lambda row: _mean_sd(row, DIGITS.get(metric, 2)), axis=1)
    shown = part.assign(text=text.astype(str)).pivot(
        index=["fraction", "method"], columns="label", values="text"
    )
    order = pd.MultiIndex.from_frame(part[["fraction", "method"]].drop_duplicates())
    titles = {label.name: label.title for label, _ in scheme.outline()}
    columns = [label for label in titles if label in shown]
    if len(columns) > 1 and MEAN in shown and metric not in SIGNED:
        columns.append(MEAN)
    titles[MEAN] = "Mean of all"
    return shown.reindex(index=order, columns=columns).rename(columns=titles).fillna("—")


def best_methods(
    summary: pd.DataFrame, metric: str, titles: dict[str, str]
) -> set[tuple[str, str, str]]:
    """The best methods as (fraction, method, label's title), of those that miss the fewest scores.

    A method that misses a structure has no distance there, and would win by leaving out its worst.
    """
    best = set()
    part = summary[(summary["metric"] == metric) & summary["mean"].notna()]
    for (label, fraction), rows in part.groupby(["label", "fraction"], sort=False):
        missed = rows["undefined"] / rows["scores"]
        eligible = rows[missed == missed.min()]
        means = eligible["mean"].abs() if metric in SIGNED else eligible["mean"]
        top = means.max() if metric in SHARES else means.min()
        tolerance = 0.5 * 10 ** -DIGITS.get(metric, 2)
        tied = eligible[np.isclose(means, top, rtol=0, atol=tolerance)]
        # Where all are alike, none is the best.
        if len(tied) < len(rows):
            best |= {(fraction, method, titles[label]) for method in tied["method"]}
    return best


def write_tables(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Write each table as <name>.csv, .md and .tex (for booktabs)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        write_text(folder / f"{name}.csv", spreadsheet(table.to_csv()))
        write_text(folder / f"{name}.md", _markdown(table))
        write_text(folder / f"{name}.tex", _latex(table))


def _mean_sd(row: pd.Series, digits: int) -> str:
    shown = with_spread(row["mean"], row["sd"], digits)
    if pd.isna(row["mean"]) or not row["undefined"]:
        return shown
    return f"{shown} ({row['scores'] - row['undefined']} of {row['scores']})"


def _markdown(table: pd.DataFrame) -> str:
    heading = [", ".join(map(str, filter(None, table.index.names)))]
    heading += [", ".join(column) if isinstance(column, tuple) else column for column in table]
    rows = []
    for name, *values in table.itertuples():
        words = ", ".join(name) if isinstance(name, tuple) else name
        rows.append([words, *map(str, values)])
    lines = [" | ".join(map(markdown, row)) for row in (heading, *rows)]
    lines.insert(1, " | ".join(["---"] * len(heading)))
    return "".join(f"| {line} |\n" for line in lines)


def _latex(table: pd.DataFrame) -> str:
    shown = table.rename_axis(index=[None] * table.index.nlevels)
    shown = shown.rename_axis(columns=[None] * table.columns.nlevels)
    text = shown.to_latex(escape=True, multicolumn_format="c", multirow=False)
    return text.replace(" ± ", " $\\pm$ ").replace("—", "--")
