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
from ..labels import LabelScheme
from ..plain_text import spreadsheet
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


@dataclass(frozen=True)
class _Findings:
    """What the scores of the cells that are done say, by which tables and page are made.

    `table` has a row for each score, as `collect` gives it; `ages` is scan -> age group and
    `summaries` a `summarise` table for each group, under "" for all scans.
    """

    table: pd.DataFrame
    ages: dict[str, str]
    summaries: dict[str, pd.DataFrame]
    shown: dict[str, _Shown]
    anova: dict[str, pd.DataFrame]
    paired: dict[str, pd.DataFrame]
    beside: pd.DataFrame

    @property
    def age_groups(self) -> list[str]:
        """The groups that have tables of their own."""
        return [group for group in self.summaries if group]


def write_results(experiment: Experiment) -> Path:
    """Write cells.csv, tables/ and report.html anew from all cells that are done.

    Returns the report's path. At least one cell must be done.
    """
    findings = _findings(experiment)
    _write_tables(experiment.folder, findings)
    path = experiment.folder / "report.html"
    write_text(path, _page(experiment, findings))
    return path


def _findings(experiment: Experiment) -> _Findings:
    table = collect(experiment)
    scheme, reference = experiment.source.scheme, experiment.settings.compared_with
    ages = age_groups(experiment.tested)
    of_ages = {
        group: summarise(part) for group, part in table.groupby(table["scan"].map(ages), sort=True)
    }
    summaries = {"": summarise(table), **of_ages}
    titles = _titles(scheme)
    shown = {
        f"{metric}_{group}".removesuffix("_"): _Shown(
            wide(part, metric, scheme), best_methods(part, metric, titles)
        )
        for group, part in summaries.items()
        for metric in METRICS
    }
    return _Findings(
        table=table,
        ages=ages,
        summaries=summaries,
        shown={name: one for name, one in shown.items() if len(one.frame)},
        anova={metric: anova(table, metric) for metric in _TESTED},
        paired={metric: paired(table, metric, reference) for metric in _TESTED},
        beside=beside_ours(experiment, of_ages or summaries),
    )


def _write_tables(folder: Path, findings: _Findings) -> None:
    """cells.csv, and the tables as CSV, those of the page as Markdown and LaTeX too."""
    table, ages, beside = findings.table, findings.ages, findings.beside
    with_ages = table.assign(age_group=table["scan"].map(ages)) if ages else table
    write_text(folder / "cells.csv", spreadsheet(with_ages.to_csv(index=False)))
    frames = {name: one.frame for name, one in findings.shown.items()}
    write_tables(folder / "tables", frames | ({"paper": beside.round(3)} if len(beside) else {}))
    plain = {"summary": findings.summaries[""]}
    plain.update({f"anova_{metric}": found for metric, found in findings.anova.items()})
    plain.update({f"paired_{metric}": found for metric, found in findings.paired.items()})
    for name, found in plain.items():
        write_text(folder / "tables" / f"{name}.csv", spreadsheet(found.to_csv(index=False)))


def _page(experiment: Experiment, findings: _Findings) -> str:
    """The HTML of the report."""
    table, summary, scheme = findings.table, findings.summaries[""], experiment.source.scheme
    fractions = list(dict.fromkeys(table["fraction"]))
    return (
        page_templates(Path(__file__).parent / "templates")
        .get_template("experiment.html")
        .render(
            content=_Content(
                experiment.settings.title or f"Experiment {experiment.settings.name}",
                plain_summary(experiment, summary, findings.paired["dice"]),
            ),
            titles=_titles(scheme),
            tables=findings.shown,
            ages=findings.age_groups,
            term_weeks=TERM_WEEKS,
            metrics=METRICS,
            mean=MEAN,
            in_words=amount_in_words,
            settings_in_words=settings_in_words,
            dice_charts={
                fraction: dice_chart(_by_method(table, fraction), scheme) for fraction in fractions
            },
            fraction_chart=fraction_chart(summary, scheme) if len(fractions) > 1 else None,
            anova=findings.anova,
            paired=findings.paired,
            confidence=CONFIDENCE,
            smallest_p=smallest_p(table["subject"].nunique()),
            subjects=table["subject"].nunique(),
            learning_charts=_learning_charts(experiment),
            reliability_charts=_reliability_charts(experiment),
            pictures=best_median_worst(experiment, table),
            beside=findings.beside,
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


def _titles(scheme: LabelScheme) -> dict[str, str]:
    """Title of each row or column of scores, by name."""
    return {label.name: label.title for label in scheme} | {MEAN: "Mean of all"}


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
