"""Tables of an experiment, as CSV, Markdown and LaTeX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..evaluation import METRICS
from ..files import write_text
from ..labels import LabelScheme
from .results import MEAN, with_mean

_DIGITS = {"dice": 3}


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
    """`0.912 ± 0.010` of a `summarise` table: a row a label, a column a fraction and method.

    `(6 of 8)` follows where so many of the scores are defined.
    """
    part = summary[summary["metric"] == metric]
    text = part.apply(lambda row: _mean_sd(row, _DIGITS.get(metric, 2)), axis=1)
    shown = part.assign(text=text).pivot(
        index="label", columns=["fraction", "method"], values="text"
    )
    titles = {label.name: label.title for label, _ in scheme.outline()}
    means = {MEAN: "Mean of all"} if metric != "volume_difference_ml" else {}
    titles = {**titles, **means}
    order = list(dict.fromkeys(zip(part["fraction"], part["method"], strict=True)))
    return shown.reindex(index=list(titles), columns=order).rename(index=titles).fillna("—")


def best_methods(
    summary: pd.DataFrame, metric: str, titles: dict[str, str]
) -> set[tuple[str, str, str]]:
    """The best methods as (label's title, fraction, method), of those that miss the fewest scores.

    A method that misses a structure has no distance there, and would win by leaving out its worst.
    """
    best = set()
    part = summary[(summary["metric"] == metric) & summary["mean"].notna()]
    for (label, fraction), rows in part.groupby(["label", "fraction"], sort=False):
        missed = rows["undefined"] / rows["scores"]
        eligible = rows[missed == missed.min()]
        top = eligible["mean"].max() if metric == "dice" else eligible["mean"].min()
        tied = eligible[np.isclose(eligible["mean"], top, rtol=0, atol=5e-4)]
        # Where all are alike, none is the best.
        if len(tied) < len(rows):
            best |= {(titles[label], fraction, method) for method in tied["method"]}
    return best


def write_tables(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Write each table as <name>.csv, .md and .tex (for booktabs)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        write_text(folder / f"{name}.csv", table.to_csv())
        write_text(folder / f"{name}.md", _markdown(table))
        write_text(folder / f"{name}.tex", _latex(table))


def _mean_sd(row: pd.Series, digits: int) -> str:
    if pd.isna(row["mean"]):
        return "—"
    spread = "" if pd.isna(row["sd"]) else f" ± {row['sd']:.{digits}f}"
    defined = f"{row['scores'] - row['undefined']} of {row['scores']}"
    return f"{row['mean']:.{digits}f}{spread}" + (f" ({defined})" if row["undefined"] else "")


def _markdown(table: pd.DataFrame) -> str:
    heading = ["", *(", ".join(map(str, column)) for column in table.columns)]
    rows = [heading, ["---"] * len(heading)]
    rows += [[str(label), *map(str, values)] for label, *values in table.itertuples()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _latex(table: pd.DataFrame) -> str:
    shown = table.rename_axis(index=None, columns=[None] * table.columns.nlevels)
    text = shown.to_latex(escape=True, multicolumn_format="c")
    return text.replace(" ± ", " $\\pm$ ").replace("—", "--")
