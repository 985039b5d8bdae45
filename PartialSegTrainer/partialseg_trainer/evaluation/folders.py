"""Scores of labelmap files: one against one, or two folders scan by scan."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..dataset.annotations import read_scheme_labelmap
from ..dataset.nnunet_values import NnUNetValues, values_beside
from ..dataset.pairing import pair_labelmaps
from ..dataset.progress import Progress
from ..errors import UserError
from ..labels import LabelScheme
from ..volumes import Grid, Volume, is_segmentation, read_labelmap
from .scores import LabelScore, score


def score_files(
    prediction: str | os.PathLike,
    truth: str | os.PathLike,
    scheme: LabelScheme,
    values: NnUNetValues | None = None,
) -> list[LabelScore]:
    """Score one labelmap file against another; see `score`.

    Labelmaps of nnU-Net are taken by the map that lies beside them, or, the prediction, by
    `values`. Either may be a segmentation of Slicer, whose segments are labels by their names.
    Voxels that the truth says nothing of count for neither side.

    Raises UserError, naming both files, when one cannot be read or they do not fit together.
    """
    # A segmentation may be cropped, and takes the grid of what it is compared with.
    if is_segmentation(truth):
        predicted, _ = _read(prediction, scheme, values)
        true, unknown = _read(truth, scheme, grid=predicted.grid)
    else:
        true, unknown = _read(truth, scheme)
        predicted, _ = _read(prediction, scheme, values, grid=true.grid)
    if unknown is not None and unknown.shape == predicted.data.shape:
        predicted.data[unknown] = 0
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
    values: NnUNetValues | None = None,
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
            scores[str(scan)] = score_files(*files, scheme, values)
        except UserError as error:
            if failed is None:
                raise
            failed[str(scan)] = error
    if progress:
        progress(len(pairs), len(pairs))
    return scores


def _read(
    path: str | os.PathLike,
    scheme: LabelScheme,
    values: NnUNetValues | None = None,
    grid: Grid | None = None,
) -> tuple[Volume, np.ndarray | None]:
    """The labelmap in the scheme's values, and where it says that nothing is known."""
    if is_segmentation(path):
        return read_scheme_labelmap(path, scheme, grid), None
    labelmap = read_labelmap(path)
    values = values or values_beside(path, scheme)
    if values is None:
        return labelmap, None
    return values.of_scheme(labelmap, scheme, Path(path)), values.unknown(labelmap)
