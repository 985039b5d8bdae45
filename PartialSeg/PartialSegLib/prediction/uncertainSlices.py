"""The slices of a scan where the model was least sure, each with a place to look at."""

from __future__ import annotations

from itertools import permutations
from typing import NamedTuple

import numpy as np
import slicer.util

from ..engine.steps import Steps
from ..scene.geometry import kjiToRAS
from ..scene.labelSegments import LabelSegments

SLICE_NORMALS = {"axial": 2, "coronal": 1, "sagittal": 0}
"""The axis of RAS that a slice of each kind is perpendicular to."""

_NEIGHBOURHOOD_MM = 3.0
_SPOT_MM = 5.0
_BETWEEN_SLICES_MM = 5.0
# The mean over a slice that hardly touches the brain is a matter of chance.
_SMALLEST_SHARE = 0.05


class UncertainSlice(NamedTuple):
    """A slice to look at.

    `index` counts along the axis of the array (K, J, I) that the slice is perpendicular to;
    `uncertainty` is the mean of 1 - confidence, 0 to 1; `ras` is the middle of the slice's most
    uncertain spot, world RAS mm.
    """

    index: int
    uncertainty: float
    ras: tuple[float, float, float]


def uncertainSlices(
    segments: LabelSegments, confidenceNode, kind: str = "axial"
) -> Steps[list[UncertainSlice]]:
    """Slices of a scan from the least sure one on, none within 5 mm of one before it.

    `confidenceNode` says how sure the model was in each voxel, percent. A slice's uncertainty is
    the mean of 1 - confidence over what is segmented in it and 3 mm around, where a structure may
    have been missed. `kind` is axial, coronal or sagittal: the axis of the volume nearest to that
    direction is taken, so that slices of an oblique scan are its own.

    Raises UserError for a volume without voxels or under a transform that is not linear.
    """
    affine = kjiToRAS(confidenceNode)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    normal = arrayAxis(affine, kind)
    confidence = slicer.util.arrayFromVolume(confidenceNode)
    region = np.zeros(confidence.shape, dtype=bool)
    for shown in (segments, segments.beside):
        for _name, mask in shown.masks(confidenceNode):
            region |= mask
            yield
    for axis, size in enumerate(spacing):
        region = _widened(region, axis, round(_NEIGHBOURHOOD_MM / size))
        yield
    doubt = np.where(region, 100 - confidence, 0)
    yield
    across = tuple(axis for axis in range(3) if axis != normal)
    voxels = np.count_nonzero(region, axis=across)
    yield
    total = doubt.sum(axis=across, dtype=np.float64)
    yield
    uncertainty = np.divide(
        total, 100 * voxels, out=np.full(len(total), -1.0), where=_large(voxels)
    )
    found = []
    for index in _apart(uncertainty, _BETWEEN_SLICES_MM / spacing[normal]):
        position = np.insert(
            _spot(doubt.take(index, axis=normal), _SPOT_MM / spacing[[*across]]), normal, index
        )
        ras = affine[:3, :3] @ position + affine[:3, 3]
        found.append(UncertainSlice(index, float(uncertainty[index]), tuple(ras.tolist())))
        yield
    return found


def arrayAxis(affine: np.ndarray, kind: str) -> int:
    """Which axis of an array (K, J, I) is nearest to the normal of axial, ... slices.

    `affine` (4, 4) leads from its indices to RAS. However oblique, no axis serves two kinds.
    """
    directions = np.abs(affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0))
    order = max(permutations(range(3)), key=lambda axes: directions[[0, 1, 2], axes].sum())
    return order[SLICE_NORMALS[kind]]


def _widened(mask: np.ndarray, axis: int, voxels: int) -> np.ndarray:
    """The mask and all within some voxels of it along an axis.

    Shifting is ten times as fast as scipy's filters, and a step must not be felt.
    """
    wide = mask.copy()
    for shift in range(1, min(voxels + 1, mask.shape[axis])):
        ahead, behind = [slice(None)] * 3, [slice(None)] * 3
        ahead[axis], behind[axis] = slice(shift, None), slice(None, -shift)
        wide[tuple(ahead)] |= mask[tuple(behind)]
        wide[tuple(behind)] |= mask[tuple(ahead)]
    return wide


def _large(voxels: np.ndarray) -> np.ndarray:
    """Which slices hold enough of the region to be judged; `voxels` counts it in each."""
    return voxels > _SMALLEST_SHARE * voxels.max()


def _apart(uncertainty: np.ndarray, distance: float) -> list[int]:
    """Indices from the highest value on, each farther than `distance` from those before it."""
    chosen: list[int] = []
    for index in np.argsort(-uncertainty, kind="stable").tolist():
        if uncertainty[index] < 0:
            break
        if all(abs(index - other) > distance for other in chosen):
            chosen.append(index)
    return chosen


def _spot(doubt: np.ndarray, size: np.ndarray) -> tuple[int, ...]:
    """Where in a slice the sum over a window of `size` voxels is highest.

    By sums from the edge on: the first use of scipy's filters takes as long as a person waits for
    nothing.
    """
    total = doubt.astype(np.int64)
    for axis, voxels in enumerate(np.maximum(size.round().astype(int), 1).tolist()):
        around = [(0, 0)] * total.ndim
        around[axis] = (voxels // 2 + 1, voxels - 1 - voxels // 2)
        sums = np.cumsum(np.pad(total, around), axis=axis)
        ahead, behind = [slice(None)] * total.ndim, [slice(None)] * total.ndim
        ahead[axis], behind[axis] = slice(voxels, None), slice(None, -voxels)
        total = sums[tuple(ahead)] - sums[tuple(behind)]
    return np.unravel_index(int(total.argmax()), total.shape)
