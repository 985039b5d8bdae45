"""From a scan on any grid to the slices a network sees, and the grid to come back from."""

from __future__ import annotations

from dataclasses import dataclass
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
        """How many slices a network sees at once."""
        return 1 + 2 * self.neighbours


@dataclass(frozen=True)
class Prepared:
    """A scan ready for a network.

    `slices` is (S, H, W) float32 in [0, 1], cut along `axis`, the last one where there are several;
    `grid` is where these voxels lie, in (X, Y, Z) order; `native` is the part of the scan's own
    grid that they cover, which starts at voxel `corner`.
    """

    slices: np.ndarray
    grid: Grid
    native: Grid
    corner: tuple[int, int, int]
    axis: Axis

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """Which voxels of the scan its slices cover."""
        return tuple(
            slice(start, start + size)
            for start, size in zip(self.corner, self.native.shape, strict=True)
        )

    def cut(self, axis: Axis) -> np.ndarray:
        """The same voxels as slices along another axis."""
        return to_slices(from_slices(self.slices, self.axis), axis)


def prepare(volume: Volume, preprocessing: Preprocessing, name: str = "The scan") -> Prepared:
    """Scale intensities, cut off empty space, bring to RAS order and spacing, slice.

    Raises UserError, which calls the scan `name`, where that takes more voxels than GRID allows.
    """
    margin = int(np.ceil(MARGIN_MM / min(volume.spacing)))
    found = Foreground.of(volume.data)
    box = found.box(margin)
    corner = tuple(part.start for part in box)
    affine = volume.affine.copy()
    affine[:3, 3] = volume.grid.ras(corner)
    image = normalise_intensity(volume.data, found, box)
    native = Grid(image.shape, affine)
    grid = canonical_grid(native, preprocessing.spacing, name)
    resampled = resample(image, native, grid, order=1)
    axis = preprocessing.axes[-1]
    return Prepared(to_slices(resampled, axis), grid, native, corner, axis)


def to_slices(array: np.ndarray, axis: Axis) -> np.ndarray:
    """(X, Y, Z) in RAS order as contiguous (S, H, W), cut along `axis`."""
    return np.ascontiguousarray(np.moveaxis(array, AXES.index(axis), 0))


def from_slices(slices: np.ndarray, axis: Axis) -> np.ndarray:
    """(S, H, W) back as (X, Y, Z), a view: the inverse of `to_slices`."""
    return np.moveaxis(slices, 0, AXES.index(axis))
