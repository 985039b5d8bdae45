"""What came out of an experiment: tables as files, and one self-contained report.html."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from .. import __version__
from ..evaluation import METRICS, RULES, ReportPicture, dice_chart, segmentation_picture
from ..evaluation.report import page_templates
from ..files import write_text
from ..runs import read_metrics
from ..volumes import Volume, read_labelmap
from .cell_folder import CellState
from .charts import fraction_chart, learning_chart
from .experiment import Experiment
from .published import beside_ours, published
from .results import MEAN, collect
from .settings import amount_in_words
from .statistics import CONFIDENCE, anova, paired, smallest_p
from .tables import summarise, wide, write_tables

_TESTED = ("dice", "hd95")
_SIGNIFICANT = 0.05


@dataclass(frozen=True)
class _Content:
    """What the frame of the page asks for."""

    title: str
    summary: list[str]


def write_results(experiment: Experiment) -> Path:
    """Write cells.csv, tables/ and report.html anew from all cells that are done.

    Returns the report's path. At least one cell must be done.
    """
    table = collect(experiment)
    scheme, reference = experiment.source.scheme, experiment.settings.compared_with
    summary = summarise(table)
    variances = {metric: anova(table, metric) for metric in _TESTED}
    tests = {metric: paired(table, metric, reference) for metric in _TESTED}
    shown = {metric: wide(summary, metric, scheme) for metric in METRICS}
    beside = beside_ours(experiment, summary)

    write_text(experiment.folder / "cells.csv", table.to_csv(index=False))
    folder = experiment.folder / "tables"
    write_tables(folder, {**shown, **({"paper": beside.round(3)} if len(beside) else {})})
    plain = {"summary": summary}
    plain.update({f"anova_{metric}": found for metric, found in variances.items()})
    plain.update({f"paired_{metric}": found for metric, found in tests.items()})
    for name, found in plain.items():
        write_text(folder / f"{name}.csv", found.to_csv(index=False))

    fractions = list(dict.fromkeys(table["fraction"]))
    titles = {label.name: label.title for label in scheme} | {MEAN: "Mean of all"}
    html = (
        page_templates(Path(__file__).parent / "templates")
        .get_template("experiment.html")
        .render(
            content=_Content(
                experiment.settings.title or f"Experiment {experiment.settings.name}",
                _sentences(experiment, summary, tests["dice"]),
            ),
            titles=titles,
            tables={metric: shown[metric] for metric in ("dice", "hd95", "hd100")},
            best={metric: _best(summary, metric, titles) for metric in ("dice", "hd95", "hd100")},
            metrics=METRICS,
            in_words=amount_in_words,
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
            pictures=_pictures(experiment, table),
            beside=beside,
            published=published(),
            cells=[(cell, experiment.place(cell)) for cell in experiment.cells],
            settings=experiment.settings,
            scheme=scheme,
            split=experiment.split,
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


def _best(summary: pd.DataFrame, metric: str, titles: dict[str, str]) -> set[tuple[str, str, str]]:
    """The best methods as (label's title, fraction, method), of those that miss the fewest scores.

    A method that misses a structure has no distance there, and would win by leaving out its worst.
    """
    best = set()
    part = summary[(summary["metric"] == metric) & summary["mean"].notna()]
    for (label, fraction), rows in part.groupby(["label", "fraction"], sort=False):
        missed = rows["undefined"] / rows["trainings"]
        eligible = rows[missed == missed.min()]
        top = eligible["mean"].max() if metric == "dice" else eligible["mean"].min()
        tied = eligible[np.isclose(eligible["mean"], top, rtol=0, atol=5e-4)]
        # Where all are alike, none is the best.
        if len(tied) < len(rows):
            best |= {(titles[label], fraction, method) for method in tied["method"]}
    return best


def _sentences(experiment: Experiment, summary: pd.DataFrame, tests: pd.DataFrame) -> list[str]:
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


def _pictures(experiment: Experiment, table: pd.DataFrame) -> list[ReportPicture]:
    """The best, median and worst test scan of the best method, at the first fraction."""
    fraction = table["fraction"].iloc[0]
    part = table[table["fraction"] == fraction]
    means = part.groupby("method", sort=False)["dice"].mean().sort_values(ascending=False)
    best = means.index[0]
    reference = experiment.settings.compared_with
    others = [name for name in (reference, *means.index) if name != best and name in means.index]
    methods = [best, *others[:1]]
    scans = part[part["method"] == best].groupby("scan")["dice"].mean().sort_values()
    chosen = {
        "Best": scans.index[-1],
        "Median": scans.index[len(scans) // 2],
        "Worst": scans.index[0],
    }
    cells = {
        cell.method: experiment.place(cell)
        for cell in reversed(experiment.cells)
        if cell.amount == fraction and experiment.place(cell).state is CellState.DONE
    }
    cases = {case.name: case for case in experiment.test_cases}
    scheme, pictures = experiment.source.scheme, []
    words = amount_in_words(fraction)
    for place, scan in chosen.items():
        image = cases[scan].image()
        truth = Volume(cases[scan].label_sets(scheme).labelmap(), image.affine)
        labelmaps = {"Truth": truth} | {
            method: read_labelmap(cells[method].prediction(scan)) for method in methods
        }
        pictures.append(
            ReportPicture(
                f"{place}: {scan}",
                f"Of the first training of each method with {words} fully labelled. Mean Dice "
                f"of {best} on this scan over all its trainings: {scans[scan]:.3f}.",
                segmentation_picture(image, labelmaps, scheme, focus=_focus(experiment), name=scan),
            )
        )
    return pictures


def _focus(experiment: Experiment) -> str:
    """A label that partial scans lack: the last part of a super-label that they keep, if any."""
    scheme, kind = experiment.source.scheme, experiment.settings.partial[-1]
    parts = [part for name in kind.keep for part in scheme.descendants(name) if part != name]
    return (parts or [*kind.hide, scheme.names[0]])[-1 if parts else 0]
