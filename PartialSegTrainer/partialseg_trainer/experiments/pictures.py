"""Pictures of the test scans that a method does best, middling and worst on."""

from __future__ import annotations

import pandas as pd

from ..evaluation import ReportPicture, segmentation_picture
from ..volumes import read_labelmap
from .cell_folder import CellState
from .experiment import Experiment
from .settings import amount_in_words


def best_median_worst(experiment: Experiment, table: pd.DataFrame) -> list[ReportPicture]:
    """The best, median and worst test scan of the best method, at the first fraction.

    Beside it stands the reference, or the second best where that is the reference itself. `table`
    is of `results.collect`.
    """
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
    done = [
        cell
        for cell in reversed(experiment.cells)
        if cell.amount == fraction and experiment.place(cell).state is CellState.DONE
    ]
    cases = {case.name: case for cell in done for case in experiment.test_cases(cell)}
    scheme, pictures = experiment.source.scheme, []
    words = amount_in_words(fraction)
    for place, scan in chosen.items():
        image = cases[scan].image()
        truth = experiment.truth(cases[scan])
        predictions = {
            cell.method: experiment.place(cell).prediction(scan)
            for cell in done
            if cases[scan] in experiment.test_cases(cell)
        }
        labelmaps = {"Truth": truth} | {
            method: read_labelmap(predictions[method])
            for method in methods
            if method in predictions
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
    """A label that partial scans lack: a part of a super-label that they keep, if there is one."""
    scheme, kind = experiment.source.scheme, experiment.settings.partial[-1]
    parts = [part for name in kind.keep for part in scheme.descendants(name) if part != name]
    return [*scheme.names[:1], *kind.hide, *parts][-1]
