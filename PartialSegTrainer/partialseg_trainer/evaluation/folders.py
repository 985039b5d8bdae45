"""Scores of labelmap files: one against one, or two folders scan by scan."""

from __future__ import annotations

import os

from ..dataset.pairing import pair_labelmaps
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
    failed: dict[str, UserError] | None = None,
) -> dict[str, list[LabelScore]]:
    """Score every labelmap of one folder against its namesake in the other, by scan name.

    Files belong together as in an import, see `dataset.pairing`; what `segment` wrote is known.
    Scans that cannot be scored go into `failed`, with the reason, and do not stop the others;
    without it, the first of them is raised. Raises UserError when a file has no partner, listing
    all such files.
    """
    pairs = pair_labelmaps(prediction, truth)
    scores = {}
    for done, (scan, files) in enumerate(pairs.items()):
        if progress:
            progress(done, len(pairs))
        try:
            scores[str(scan)] = score_files(*files, scheme)
        except UserError as error:
            if failed is None:
                raise
            failed[str(scan)] = error
    if progress:
        progress(len(pairs), len(pairs))
    return scores
