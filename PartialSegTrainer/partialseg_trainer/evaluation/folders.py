"""Scores of labelmap files: one against one, or two folders scan by scan."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ..dataset.pairing import find_labelmaps
from ..dataset.progress import Progress
from ..errors import UserError
from ..labels import LabelScheme
from ..volumes import read_labelmap
from .scores import LabelScore, score


def score_files(
    prediction: str | os.PathLike, truth: str | os.PathLike, scheme: LabelScheme
) -> list[LabelScore]:
    """Score one labelmap file against another; see `score`.

    Raises UserError, naming both files, when one cannot be read or they do not fit together.
    """
    predicted, true = read_labelmap(prediction), read_labelmap(truth)
    try:
        return score(predicted, true, scheme)
    except UserError as error:
        raise UserError(f"{prediction} against {truth}: {error}") from error


def score_folders(
    prediction: str | os.PathLike,
    truth: str | os.PathLike,
    scheme: LabelScheme,
    progress: Progress | None = None,
) -> dict[str, list[LabelScore]]:
    """Score every labelmap of one folder against its namesake in the other, by scan name.

    Files belong together when their BIDS subject and session are the same, or, without BIDS names,
    their names without ending and last word (`_dseg`, `_seg`, `_label` ...); `dataset.pairing` has
    the rule. Raises UserError when a file has no partner, listing all such files.
    """
    predictions, truths = find_labelmaps(prediction), find_labelmaps(truth)
    _check_partners(
        (predictions[scan] for scan in predictions.keys() - truths.keys()),
        (truths[scan] for scan in truths.keys() - predictions.keys()),
    )
    scores = {}
    for done, scan in enumerate(sorted(truths, key=str)):
        if progress:
            progress(done, len(truths))
        scores[str(scan)] = score_files(predictions[scan], truths[scan], scheme)
    if progress:
        progress(len(truths), len(truths))
    return scores


def _check_partners(predictions: Iterable[Path], truths: Iterable[Path]) -> None:
    lonely = {"truth for": sorted(predictions), "prediction for": sorted(truths)}
    said = [f"no {what} {', '.join(map(str, files))}" for what, files in lonely.items() if files]
    if said:
        raise UserError(
            f"There is {'; and '.join(said)}; give both files of a scan the same name, or leave "
            "the others out of the folders."
        )
