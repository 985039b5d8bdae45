"""A scan, labelmap or 4-D tensor together with its place in space."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import nibabel
import numpy as np

from .forms import Forms, PlacedImage
from .grid import Grid


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxel values and the affine that places them.

    Args:
        data: (X, Y, Z), or (X, Y, Z, C) with channels last.
        affine: (4, 4) matrix from voxel index to RAS position in mm.
        forms: those of the NIfTI file that it comes from, which what is written of it carries on.
    """

    data: np.ndarray
    affine: np.ndarray
    forms: Forms | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.data.ndim not in (3, 4):
            raise ValueError(f"a Volume has 3 axes, or 4 with channels last, not {self.data.ndim}")
        object.__setattr__(self, "affine", np.array(self.affine, dtype=np.float64))

    @property
    def grid(self) -> Grid:
        """The lattice of the three spatial axes."""
        return Grid(self.data.shape[:3], self.affine, self.forms)

    @property
    def spacing(self) -> np.ndarray:
        """Distance between neighbouring voxel centres along each axis, (3,), mm."""
        return self.grid.spacing

    def with_data(self, data: np.ndarray) -> Volume:
        """Other values on the same grid, placed by the same forms."""
        return replace(self, data=data)


def to_nibabel(volume: Volume) -> nibabel.Nifti1Image:
    """The volume as a NIfTI-1 image with a fresh header: no text that could name a patient.

    It has the forms that the volume came with. Without any, both sform and qform hold the affine,
    because readers differ in which one they trust; an affine that a qform cannot hold, a sheared
    one above all, is in the sform alone.

    Raises:
        ValueError: 64-bit integers beyond the range of int32.
    """
    if volume.forms is not None:
        data = storable(volume.data)
        header = volume.forms.header(data.shape)
        header.set_data_dtype(data.dtype)
        return PlacedImage(data, volume.forms.affine_in_unit(data.shape), header)
    image = nibabel.Nifti1Image(storable(volume.data), volume.affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(volume.affine, code="scanner", update_affine=False)
    image.set_qform(volume.affine, code="scanner", update_affine=False)
    if Grid(volume.data.shape[:3], image.get_qform()).mismatch(volume.grid):
        image.set_qform(None)
    return image


def storable(data: np.ndarray) -> np.ndarray:
    """The values in a type that every reader knows.

    Booleans become uint8, float16 becomes float32 and 64-bit integers become int32.

    Raises:
        ValueError: 64-bit integers beyond the range of int32.
    """
    if data.dtype == bool:
        return data.astype(np.uint8)
    if data.dtype == np.float16:
        return data.astype(np.float32)
    if data.dtype in (np.int64, np.uint64):
        if data.size and max(abs(int(data.min())), abs(int(data.max()))) > np.iinfo(np.int32).max:
            raise ValueError("integers beyond the range of int32 cannot be stored")
        return data.astype(np.int32)
    return data
