"""What every affine of a file has to be."""

from __future__ import annotations

import numpy as np

from ..errors import UserError

# Beyond these no scan of a head is told; a unit was lost or is wrong.
_SMALLEST_MM, _LARGEST_MM = 0.01, 25
# A kilometre from the scanner's middle, where a NIfTI header cannot tell tenths of a mm apart.
_FARTHEST_MM = 1e6


def checked_affine(affine: np.ndarray | None, name: str) -> np.ndarray:
    """The affine as float64.

    Raises UserError, naming the file, when it cannot be inverted or has voxels of no head's size.
    """
    affine = np.full((4, 4), np.nan) if affine is None else np.asarray(affine, dtype=np.float64)
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(affine[:3, :3], axis=0)
    # Volume of the unit cell over that of a box with the same edges: 1 for a scan, 0 for a plane.
    if (
        not np.isfinite(affine).all()
        or not np.isfinite(lengths).all()
        or lengths.min() <= 0
        or abs(np.linalg.det(affine[:3, :3] / lengths)) < 1e-3
    ):
        raise UserError(
            f"{name} has an affine that cannot be inverted, {affine[:3].tolist()}, so its place "
            "in space is lost; export the scan again."
        )
    if lengths.min() < _SMALLEST_MM or lengths.max() > _LARGEST_MM:
        size = " x ".join(f"{length:.4g}" for length in lengths)
        raise UserError(
            f"{name} has voxels of {size} mm, where {_SMALLEST_MM:g} to {_LARGEST_MM:g} mm were "
            "expected; correct the affine, or the unit (xyzt_units) of its header."
        )
    if np.abs(affine[:3, 3]).max() > _FARTHEST_MM:
        raise UserError(
            f"{name} lies {np.abs(affine[:3, 3]).max() / 1e6:.3g} km away from the middle of the "
            "scanner, so its place in space is lost; correct the origin of its header."
        )
    return affine
