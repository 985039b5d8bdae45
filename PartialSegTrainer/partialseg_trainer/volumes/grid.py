"""Where the voxels of a volume lie in the scanner's space."""

from __future__ import annotations

from dataclasses import dataclass

import nibabel
import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, eq=False)
class Grid:
    """A regular lattice of voxel centres.

    Args:
        shape: voxels along the three axes (X, Y, Z).
        affine: (4, 4) matrix from voxel index to RAS position in mm, as nibabel has it.
    """

    shape: tuple[int, int, int]
    affine: np.ndarray

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

    def mismatch(self, other: Grid, tolerance: float = 0.05) -> str | None:
        """How this grid differs from `other`, in words that follow "its"; None when it does not.

        Args:
            tolerance: mm that any voxel centre may lie away from its counterpart. The default
                is what one affine, once stored as a sform and once as a quaternion in float32,
                differs by in nine of ten slightly oblique scans.
        """
        if self.shape != other.shape:
            return f"shape is {_by(self.shape)} voxels, not {_by(other.shape)}"
        if not np.allclose(self.spacing, other.spacing, rtol=1e-3, atol=0):
            return f"spacing is {_by(self.spacing)} mm, not {_by(other.spacing)} mm"
        # The distance is convex in the index, so the largest one is at a corner.
        corners = np.stack(np.meshgrid(*[(0, count - 1) for count in self.shape]), axis=-1)
        distance = np.linalg.norm(self.ras(corners) - other.ras(corners), axis=-1).max()
        if distance > tolerance:
            return f"voxels lie up to {distance:.3g} mm away from where they were expected"
        return None


def canonical_grid(grid: Grid, spacing: float | tuple[float, float, float]) -> Grid:
    """The grid's own axes, reordered and flipped to be closest to RAS, at another spacing.

    An oblique scan stays oblique, so no tissue is interpolated across its slices. The new grid has
    the same centre and covers at least the same extent (voxel edge to voxel edge).

    Args:
        spacing: mm, one number or one for each of the three new axes.
    """
    orientation = nibabel.io_orientation(grid.affine)
    reordered = grid.affine @ nibabel.orientations.inv_ornt_aff(orientation, grid.shape)
    shape = np.empty(3, dtype=int)
    shape[orientation[:, 0].astype(int)] = grid.shape

    ratio = np.broadcast_to(np.asarray(spacing, dtype=np.float64), 3) / np.linalg.norm(
        reordered[:3, :3], axis=0
    )
    # Rounding first keeps 100 voxels of 0.8 mm from becoming 81 of 1 mm.
    new_shape = np.ceil(np.round(shape / ratio, 6)).astype(int)
    affine = reordered.copy()
    affine[:3, :3] *= ratio
    affine[:3, 3] += reordered[:3, :3] @ ((shape - 1) / 2 - ratio * (new_shape - 1) / 2)
    return Grid(tuple(new_shape), affine)


def _by(numbers: ArrayLike) -> str:
    return " x ".join(f"{number:.4g}" for number in np.asarray(numbers))
