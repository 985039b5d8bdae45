"""The images of a series as one grid: in order, at equal distances, in one place each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import UserError
from ..volumes.file_bytes import check_size
from .image import Image

_REMEDY = "convert it with dcm2niix, or load it in Slicer, and look at what comes out"
# Cosine between axes of two images, and part of a voxel, that rounding in headers may reach.
_SAME_DIRECTION = 1e-3
_ROUNDING = 0.1
_GAP = 1.5


@dataclass(frozen=True, eq=False)
class Stack:
    """Images from one end to the other, and the affine (4, 4) of (column, row, image) in RAS mm."""

    images: tuple[Image, ...]
    affine: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        first = self.images[0]
        return first.columns, first.rows, len(self.images)


def stack(images: Sequence[Image], name: str) -> Stack:
    """The images in order.

    Slices that are shifted evenly against each other (gantry tilt) have a sheared affine, of which
    `Grid.doubt` tells.

    Raises:
        UserError: it calls the series `name`: multi-frame or colour images, no or different places,
            several images in one place, missing or uneven slices, or too many voxels.
    """
    # A file that was copied twice is one image.
    images = list({image.uid: image for image in images}.values())
    first = images[0]
    _check_each(images, name)
    check_size(4 * first.rows * first.columns * len(images), name)
    across, down = first.directions
    normal = np.cross(across, down)
    height = np.array([image.position @ normal for image in images])
    order = np.argsort(height)
    images, height = [images[index] for index in order], height[order]
    _check_gaps(height, name)
    positions = np.array([image.position for image in images])
    step = (positions[-1] - positions[0]) / (len(images) - 1)
    even = positions[0] + np.arange(len(images))[:, None] * step
    away = np.linalg.norm(positions - even, axis=1).max()
    if away > _ROUNDING * min(np.linalg.norm(step), *first.spacing):
        raise UserError(
            f"{name} has slices that lie up to {away:.2g} mm away from even distances, so no grid "
            f"holds them; {_REMEDY}."
        )
    affine = np.eye(4)
    affine[:3] = np.stack(
        [across * first.spacing[1], down * first.spacing[0], step, positions[0]], axis=1
    )
    return Stack(tuple(images), np.diag([-1, -1, 1, 1]) @ affine)


def _check_each(images: list[Image], name: str) -> None:
    first = images[0]
    if any(image.many_frames for image in images):
        raise UserError(
            f"{name} has several slices in one file (multi-frame, enhanced or mosaic DICOM), where "
            "one file a slice is read; convert it with dcm2niix."
        )
    if any(image.samples != 1 for image in images):
        raise UserError(f"{name} has colour images; choose a series of grey values.")
    placed = [
        image.position is not None and image.directions is not None and image.spacing is not None
        for image in images
    ]
    if not all(placed):
        raise UserError(
            f"{name} has {placed.count(False)} images that do not say where they lie "
            "(ImagePositionPatient, ImageOrientationPatient, PixelSpacing), as screenshots do; "
            "choose the scan itself."
        )
    if len(images) < 2:
        raise UserError(
            f"{name} has 1 image, where at least 2 slices were expected; name the folder in which "
            "all of the series lie."
        )
    lengths = np.linalg.norm(first.directions, axis=1)
    if np.abs(lengths - 1).max() > 0.01 or abs(np.dot(*first.directions)) > 0.01:
        raise UserError(f"{name} has directions that are not at right angles; {_REMEDY}.")
    for image in images:
        same = (
            (image.rows, image.columns) == (first.rows, first.columns)
            and np.allclose(image.spacing, first.spacing, rtol=1e-3)
            and np.abs(image.directions - first.directions).max() < _SAME_DIRECTION
        )
        if not same:
            raise UserError(
                f"{name} has images of different directions, sizes or spacings, as localizers do; "
                "choose another series."
            )


def _check_gaps(height: np.ndarray, name: str) -> None:
    gaps = np.diff(height)
    # Zeros are repeated places; the usual gap is that of the others.
    usual = np.median(gaps[gaps > 1e-3]) if (gaps > 1e-3).any() else 0.0
    repeated = int((gaps < _ROUNDING * usual).sum()) if usual else len(gaps)
    if repeated:
        raise UserError(
            f"{name} has {repeated} images in a place that another one has too (several echoes, "
            "times, or magnitude and phase), where one scan was expected; export one of them as a "
            "series of its own, or convert it with dcm2niix."
        )
    missing = int(np.maximum(np.rint(gaps / usual) - 1, 0)[gaps > _GAP * usual].sum())
    if missing:
        at = int((gaps > _GAP * usual).argmax()) + 1
        raise UserError(
            f"{name} lacks slices: about {missing} between those that are there, first after slice "
            f"{at} of {len(height)}; export or copy the series again."
        )
