"""Which case of a dataset holds a scan, told by the image itself: files may be called anything."""

from __future__ import annotations

import logging
from typing import NamedTuple

import numpy as np

from ..errors import UserError
from ..volumes import Grid, Volume
from .case import Case
from .folder import Dataset

# Along each axis: thousands of voxels of a brain, in at most 120 kB a case.
_SAMPLES = 16
# Rounding of a file's scale factors; two scans of one newborn differ by much more.
_TOLERANCE = 1e-4


class _Known(NamedTuple):
    case: Case
    grid: Grid
    sample: np.ndarray


class KnownImages:
    """The images of a dataset, read once, to compare scans with.

    An image is the same where its voxels lie in the same places and have the same intensities. One
    that was cropped, resampled or moved is another. A case of which the image cannot be read is
    left out: checking the dataset tells about it.
    """

    def __init__(self, dataset: Dataset):
        self._known = []
        for case in dataset.cases:
            try:
                image = case.image()
            except UserError as error:
                logging.warning("A case cannot be compared: %s", error)
                continue
            self._known.append(_Known(case, image.grid, _sample(image)))

    def case_of(self, scan: Volume) -> Case | None:
        """The case that holds this scan, None if no one does."""
        sample = _sample(scan)
        for known in self._known:
            if known.grid.mismatch(scan.grid) is None and _are_alike(known.sample, sample):
                return known.case
        return None


def is_same_image(one: Volume, other: Volume) -> bool:
    """Whether two images on one grid are the same, as KnownImages tells it."""
    return _are_alike(_sample(one), _sample(other))


def _are_alike(one: np.ndarray, other: np.ndarray) -> bool:
    limit = _TOLERANCE * float(np.abs(other).max(initial=0))
    return np.allclose(one, other, rtol=0, atol=limit)


def _sample(image: Volume) -> np.ndarray:
    every = (slice(None, None, max(1, count // _SAMPLES)) for count in image.data.shape)
    return image.data[tuple(every)].copy()
