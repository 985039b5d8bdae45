"""What came out of an experiment: tables as files, and one self-contained report.html."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from .. import __version__
from ..evaluation import dice_chart
from ..evaluation.report import page_templates
from ..files import write_text
from ..runs import read_metrics
from .ages import TERM_WEEKS, age_groups
from .cell_folder import CellState
from .charts import fraction_chart, learning_chart, reliability_chart
from .experiment import Experiment
from .metrics import METRICS, RULES
from .pictures import best_median_worst
from .published import beside_ours, published
from .results import MEAN, collect
from .settings import amount_in_words
from .statistics import CONFIDENCE, anova, paired, smallest_p
from .tables import best_methods, summarise, wide, write_tables
from .words import plain_summary, settings_in_words

_TESTED = ("dice", "hd95")


@dataclass(frozen=True)
class _Content:
    """What the frame of the page asks for."""

    title: str
    summary: list[str]


@dataclass(frozen=True)
class _Shown:
    """A table of the page, and which of its entries are the best."""

    frame: pd.DataFrame
    best: set[tuple[str, str, str]]


def write_results(experiment: Experiment) -> Path:
    """Write cells.csv, tables/ and report.html anew from all cells that are done.

    Returns the report's path. At least one cell must be done.
    """
    table = collect(experiment)
    scheme, reference = experiment.source.scheme, experiment.settings.compared_with
    titles = {label.name: label.title for label in scheme} | {MEAN: "Mean of all"}
    ages = age_groups(experiment.source)
    summary = summarise(table)
    of_ages = {
        group: summarise(part) for group, part in table.groupby(table["scan"].map(ages), sort=True)
    }
    summaries = of_ages or {"": summary}
    variances = {metric: anova(table, metric) for metric in _TESTED}
    tests = {metric: paired(table, metric, reference) for metric in _TESTED}
    shown = {
        f"{metric}_{group}".removesuffix("_"): _Shown(
            wide(part, metric, scheme), best_methods(part, metric, titles)
        )
        for group, part in {"": summary, **of_ages}.items()
        for metric in METRICS
    }
    shown = {name: one for name, one in shown.items() if len(one.frame)}
    beside = beside_ours(experiment, summaries)

    with_ages = table.assign(age_group=table["scan"].map(ages)) if ages else table
    write_text(experiment.folder / "cells.csv", with_ages.to_csv(index=False))
    folder = experiment.folder / "tables"
    frames = {name: one.frame for name, one in shown.items()}
    write_tables(folder, frames | ({"paper": beside.round(3)} if len(beside) else {}))
    plain = {"summary": summary}
    plain.update({f"anova_{metric}": found for metric, found in variances.items()})
    plain.update({f"paired_{metric}": found for metric, found in tests.items()})
    for name, found in plain.items():
        write_text(folder / f"{name}.csv", found.to_csv(index=False))

    fractions = list(dict.fromkeys(table["fraction"]))
    html = (
        page_templates(Path(__file__).parent / "templates")
        .get_template("experiment.html")
        .render(
            content=_Content(
                experiment.settings.title or f"Experiment {experiment.settings.name}",
                plain_summary(experiment, summary, tests["dice"]),
            ),
            titles=titles,
            tables=shown,
            ages=list(of_ages),
            term_weeks=TERM_WEEKS,
            metrics=METRICS,
            mean=MEAN,
            in_words=amount_in_words,
            settings_in_words=settings_in_words,
            dice_charts={
                fraction: dice_chart(_by_method(table, fraction), scheme) for fraction in fractions
            },
            fraction_chart=fraction_chart(summary, scheme) if len(fractions) > 1 else None,
            anova=variances,
            paired=tests,
            confidence=CONFIDENCE,
            smallest_p=smallest_p(table["subject"].nunique()),
            subjects=table["subject"].nunique(),
            learning_charts=_learning_charts(experiment),
            reliability_charts=_reliability_charts(experiment),
            pictures=best_median_worst(experiment, table),
            beside=beside,
            published=published(),
            cells=[(cell, experiment.place(cell)) for cell in experiment.cells],
            settings=experiment.settings,
            scheme=scheme,
            splits=experiment.splits,
            rules=RULES,
            version=__version__,
            date=datetime.now().astimezone(),
        )
    )
    path = experiment.folder / "report.html"
    write_text(path, html)
    return path


def _by_method(table: pd.DataFrame, fraction: str) -> dict[str, pd.DataFrame]:
    """The scores of one fraction, scan by scan, averaged over trainings."""
    part = table[table["fraction"] == fraction]
    means = part.groupby(["method", "scan", "label"], sort=False)["dice"].mean().reset_index()
    return dict(tuple(means.groupby("method", sort=False)))


def _learning_charts(experiment: Experiment) -> dict[str, object]:
    """A chart for each fraction, of all its trainings that have validated."""
    curves: dict[str, dict[str, list[pd.DataFrame]]] = {}
    for cell in experiment.cells:
        place = experiment.place(cell)
        rows = pd.DataFrame(read_metrics(place.run) if place.state is CellState.DONE else [])
        if "validation_dice" in rows:
            rows = rows[["epoch", "validation_dice"]].dropna()
            curves.setdefault(cell.amount, {}).setdefault(cell.method, []).append(rows)
    return {
        fraction: learning_chart({method: pd.concat(rows) for method, rows in methods.items()})
        for fraction, methods in curves.items()
    }


def _reliability_charts(experiment: Experiment) -> dict[str, object]:
    """A chart for each fraction, of all its cells that have their probabilities' bins."""
    bins: dict[str, dict[str, list[pd.DataFrame]]] = {}
    for cell in experiment.cells:
        place = experiment.place(cell)
        rows = place.reliability() if place.state is CellState.DONE else None
        if rows is not None:
            bins.setdefault(cell.amount, {}).setdefault(cell.method, []).append(rows)
    return {
        fraction: reliability_chart({method: pd.concat(rows) for method, rows in methods.items()})
        for fraction, methods in bins.items()
    }
