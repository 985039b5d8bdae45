"""Where the voxels of a volume lie in the scanner's space."""

from __future__ import annotations

from dataclasses import dataclass, field

import nibabel
import numpy as np
from numpy.typing import ArrayLike

from ..limits import GRID
from .forms import Forms, shear

# Of a voxel. Half of one is what a grid is off by that counts from corners where another counts
# from centres; a quaternion in float32, nearly a half turn, places the corner of a scan of 256
# voxels up to a third of that wrongly.
_TOLERANCE = 0.25


@dataclass(frozen=True, eq=False)
class Grid:
    """A regular lattice of voxel centres.

    Args:
        shape: voxels along the three axes (X, Y, Z).
        affine: (4, 4) matrix from voxel index to RAS position in mm, as nibabel has it.
        forms: the forms of the NIfTI file that it comes from, which other programs may understand
            otherwise.
    """

    shape: tuple[int, int, int]
    affine: np.ndarray
    forms: Forms | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        affine = np.array(self.affine, dtype=np.float64)
        affine.flags.writeable = False
        object.__setattr__(self, "affine", affine)
        object.__setattr__(self, "shape", tuple(int(count) for count in self.shape))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Grid)
            and self.shape == other.shape
            and np.array_equal(self.affine, other.affine)
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.affine.tobytes()))

    @property
    def spacing(self) -> np.ndarray:
        """Distance between neighbouring voxel centres along each axis, (3,), mm."""
        return np.linalg.norm(self.affine[:3, :3], axis=0)

    def ras(self, index: ArrayLike) -> np.ndarray:
        """RAS position, (..., 3) mm, of voxel indices (..., 3); fractional indices are allowed."""
        return np.asarray(index, dtype=np.float64) @ self.affine[:3, :3].T + self.affine[:3, 3]

    @property
    def affine_of_itk(self) -> np.ndarray | None:
        """The affine as ITK, and with it Slicer, ITK-SNAP and nnU-Net, has it.

        None for a NIfTI file that ITK cannot open.
        """
        return self.affine if self.forms is None else self.forms.affine_of_itk(self.shape)

    def mismatch(self, other: Grid, tolerance: float = _TOLERANCE) -> str | None:
        """How this grid differs from `other`, in words that follow "its"; None when it does not.

        Grids of files are one where they are it for nibabel or for ITK: labels that were drawn in
        Slicer lie where ITK sees the scan, others where nibabel does.

        Args:
            tolerance: part of a voxel, along any axis, that any voxel centre may lie away from its
                counterpart.
        """
        if self.shape != other.shape:
            return f"shape is {_by(self.shape)} voxels, not {_by(other.shape)}"
        difference = _mismatch(self.shape, self.affine, other.affine, tolerance)
        if difference and (self.forms or other.forms):
            seen = self.affine_of_itk, other.affine_of_itk
            if not any(affine is None for affine in seen):
                return _mismatch(self.shape, *seen, tolerance) and difference
        return difference

    def doubt(self) -> str | None:
        """A sentence on what programs disagree about in where it lies; None where they agree."""
        if self.forms is not None and self.forms.missing:
            return (
                "Its header does not say where left and right are (qform_code and sform_code are "
                "0), and programs guess differently; compare it with a scan whose sides you know."
            )
        seen = self.affine_of_itk
        if seen is None or (self.forms is None and shear(self.affine) > 1e-3):
            degrees = np.rad2deg(np.arcsin(shear(self.affine)))
            return (
                f"Its axes are not at right angles but sheared by {degrees:.2g} degrees, so "
                "programs built on ITK, such as Slicer, ITK-SNAP and nnU-Net, cannot open it; "
                "resample it to a grid without shear for them."
            )
        if _mismatch(self.shape, self.affine, seen, _TOLERANCE):
            apart = _distances(self.shape, self.affine, seen).max()
            return (
                "The qform, the sform and the voxel sizes of its header disagree, so that programs "
                f"see it in places up to {apart:.3g} mm apart; what is written for it carries the "
                "same header and lies on it in each."
            )
        return None


def _corners(shape: tuple[int, int, int]) -> np.ndarray:
    """(8, 4) voxel indices, homogeneous."""
    corners = np.stack(np.meshgrid(*[(0, count - 1) for count in shape]), axis=-1).reshape(-1, 3)
    return np.pad(corners.astype(np.float64), ((0, 0), (0, 1)), constant_values=1)


def _distances(shape: tuple[int, int, int], affine: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far apart, in mm, two affines place each corner."""
    return np.linalg.norm(_corners(shape) @ (affine - other).T, axis=1)


def _mismatch(
    shape: tuple[int, int, int], affine: np.ndarray, expected: np.ndarray, tolerance: float
) -> str | None:
    spacing, wanted = (np.linalg.norm(each[:3, :3], axis=0) for each in (affine, expected))
    if not np.allclose(spacing, wanted, rtol=1e-3, atol=0):
        return f"spacing is {_by(spacing)} mm, not {_by(wanted)} mm"
    # The offset is linear in the index, so the largest one is at a corner.
    corners = _corners(shape)
    offsets = corners @ (np.linalg.inv(expected) @ affine).T - corners
    if np.abs(offsets).max() > tolerance:
        apart = _distances(shape, affine, expected).max()
        return f"voxels lie up to {apart:.3g} mm away from where they were expected"
    return None


def whole_steps(source: Grid, target: Grid) -> np.ndarray | None:
    """(4, 4) whole numbers from voxel indices of `source` to those of `target`.

    None where the voxels do not coincide: one grid may be a part of the other, and have its axes
    reordered or turned round, for nibabel or for ITK as in `Grid.mismatch`.
    """
    seen = source.affine_of_itk, target.affine_of_itk
    for one, other in ((source.affine, target.affine), seen):
        if one is None or other is None:
            continue
        between = np.linalg.inv(other) @ one
        whole = np.rint(between)
        turned = np.abs(whole[:3, :3])
        if (turned.sum(axis=0) != 1).any() or (turned.sum(axis=1) != 1).any():
            continue
        if np.abs(_corners(source.shape) @ (between - whole).T).max() <= _TOLERANCE:
            return whole
    return None


def canonical_grid(
    grid: Grid, spacing: float | tuple[float, float, float], name: str = "The scan"
) -> Grid:
    """The grid's own axes, reordered and flipped to be closest to RAS, at another spacing.

    An oblique scan stays oblique, so no tissue is interpolated across its slices. The new grid has
    the same centre and covers at least the same extent (voxel edge to voxel edge).

    Args:
        spacing: mm, one number or one for each of the three new axes.
        name: what an error calls the scan.

    Raises:
        UserError: the new grid has more voxels than GRID allows.
    """
    orientation = nibabel.io_orientation(grid.affine)
    reordered = grid.affine @ nibabel.orientations.inv_ornt_aff(orientation, grid.shape)
    shape = np.empty(3, dtype=int)
    shape[orientation[:, 0].astype(int)] = grid.shape

    ratio = np.broadcast_to(np.asarray(spacing, dtype=np.float64), 3) / np.linalg.norm(
        reordered[:3, :3], axis=0
    )
    # Rounding first keeps 100 voxels of 0.8 mm from becoming 81 of 1 mm.
    counts = np.maximum(np.ceil(np.round(shape / ratio, 6)), 1)
    GRID.check(
        float(np.prod(counts)) / 1e6,
        f"{name}, whose voxels measure {_by(grid.spacing)} mm, has at {_by(spacing)} mm",
    )
    new_shape = counts.astype(int)
    affine = reordered.copy()
    affine[:3, :3] *= ratio
    affine[:3, 3] += reordered[:3, :3] @ ((shape - 1) / 2 - ratio * (new_shape - 1) / 2)
    return Grid(tuple(new_shape), affine)


def _by(numbers: ArrayLike) -> str:
    return " x ".join(f"{number:.4g}" for number in np.atleast_1d(numbers))
