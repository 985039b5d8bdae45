"""From a scan on any grid to the slices a network sees, and the grid to come back from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from .foreground import Foreground
from .grid import Grid, canonical_grid
from .intensity import normalise_intensity
from .resampling import resample
from .volume import Volume

Axis = Literal["sagittal", "coronal", "axial"]
# In the order of the array axes that they cut, in a volume in RAS order.
AXES: tuple[Axis, ...] = ("sagittal", "coronal", "axial")
# Kept around the foreground: the network sees where the head ends.
MARGIN_MM = 6.0


class Preprocessing(BaseModel):
    """How scans become slices; part of every model, so that training and use agree.

    `spacing` is the edge of the isotropic voxels in mm, `axis` the direction that slices cut: one
    of the three, or "all" for each in turn. `neighbours` is how many slices on either side are
    shown together with the one to segment.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    spacing: float = Field(default=1.2, gt=0, allow_inf_nan=False)
    axis: Literal["sagittal", "coronal", "axial", "all"] = "axial"
    neighbours: int = Field(default=0, ge=0, le=8)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The directions in which a scan is cut."""
        return AXES if self.axis == "all" else (self.axis,)

    @property
    def channels(self) -> int:
        """How many slices of each contrast a network sees at once."""
        return 1 + 2 * self.neighbours


@dataclass(frozen=True)
class Prepared:
    """A scan ready for a network.

    `slices` is (S, H, W) float32 in [0, 1], cut along `axis`, the last one where there are several;
    `grid` is where these voxels lie, in (X, Y, Z) order; `native` is the part of the scan's own
    grid that they cover, which starts at voxel `corner`. Of a scan with several contrasts `images`
    is (K, S, H, W), all of them, black where one is not there, and `slices` the first that is.
    """

    slices: np.ndarray
    grid: Grid
    native: Grid
    corner: tuple[int, int, int]
    axis: Axis
    several: np.ndarray | None = None

    @property
    def images(self) -> np.ndarray:
        """(K, S, H, W), the slices of each contrast."""
        return self.slices[None] if self.several is None else self.several

    @property
    def first(self) -> int:
        """Which contrast `slices` is of: the first that is there."""
        return 0 if self.several is None else int(self.several.any((1, 2, 3)).argmax())

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """Which voxels of the scan its slices cover."""
        return tuple(
            slice(start, start + size)
            for start, size in zip(self.corner, self.native.shape, strict=True)
        )

    def cut(self, axis: Axis) -> np.ndarray:
        """The same voxels as slices along another axis."""
        return recut(self.slices, self.axis, axis)


def prepare(
    volume: Volume | Sequence[Volume | None],
    preprocessing: Preprocessing,
    name: str = "The scan",
    every: int = 1,
) -> Prepared:
    """Scale intensities, cut off empty space, bring to RAS order and spacing, slice.

    Of several contrasts each is scaled by itself and interpolated but once, from its own grid to
    that of the network, which follows from the first contrast that is there. With `every` more than
    1 there are so many times fewer slices, so many times as far apart.

    Raises UserError, which calls the scan `name`, where that takes more voxels than GRID allows.
    """
    if isinstance(volume, Volume):
        return _prepare(volume, preprocessing, name, every)
    first = next(each for each in volume if each is not None)
    prepared = _prepare(first, preprocessing, name, every)
    if len(volume) == 1:
        return prepared
    images = np.zeros((len(volume), *prepared.slices.shape), dtype=np.float32)
    for contrast, (image, each) in enumerate(zip(images, volume, strict=True)):
        if each is first:
            image[...] = prepared.slices
        elif each is not None:
            images[contrast] = to_slices(_beside(each, first, prepared.grid), prepared.axis)
    return replace(prepared, several=images)


def _beside(volume: Volume, first: Volume, grid: Grid) -> np.ndarray:
    """(X, Y, Z) another contrast of a scan on a network's grid, black where it does not reach."""
    # Grids that programs see in one place are one.
    own = first.grid if volume.grid.mismatch(first.grid) is None else volume.grid
    return resample(normalise_intensity(volume.data), own, grid, order=1)


def _prepare(volume: Volume, preprocessing: Preprocessing, name: str, every: int) -> Prepared:
    margin = int(np.ceil(MARGIN_MM / min(volume.spacing)))
    found = Foreground.of(volume.data)
    box = found.box(margin)
    corner = tuple(part.start for part in box)
    affine = volume.affine.copy()
    affine[:3, 3] = volume.grid.ras(corner)
    image = normalise_intensity(volume.data, found, box)
    native = Grid(image.shape, affine)
    axis = preprocessing.axes[-1]
    spacing = [preprocessing.spacing * (every if each == axis else 1) for each in AXES]
    grid = canonical_grid(native, tuple(spacing), name)
    resampled = resample(image, native, grid, order=1)
    return Prepared(to_slices(resampled, axis), grid, native, corner, axis)


def to_slices(array: np.ndarray, axis: Axis) -> np.ndarray:
    """(X, Y, Z) in RAS order as contiguous (S, H, W), cut along `axis`."""
    return np.ascontiguousarray(np.moveaxis(array, AXES.index(axis), 0))


def recut(slices: np.ndarray, now: Axis, axis: Axis) -> np.ndarray:
    """(..., S, H, W) cut along `now` as contiguous slices along another axis."""
    if slices.ndim > 3:
        return np.stack([recut(each, now, axis) for each in slices])
    return to_slices(from_slices(slices, now), axis)


def from_slices(slices: np.ndarray, axis: Axis) -> np.ndarray:
    """(S, H, W) back as (X, Y, Z), a view: the inverse of `to_slices`."""
    return np.moveaxis(slices, 0, AXES.index(axis))
