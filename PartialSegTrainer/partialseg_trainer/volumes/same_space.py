"""Images of one head on grids of their own: how far they cover each other, and brought to one."""

from __future__ import annotations

import numpy as np

from ..errors import UserError
from .grid import Grid
from .resampling import resample
from .volume import Volume

# Places along each axis that are asked for: enough to tell a tenth of a scan.
_PLACES = 24
# Of a scan's field of view; less is said.
_ENOUGH = 0.7


def share_within(grid: Grid, other: Grid) -> float:
    """Which share of a grid's field of view lies in that of another, in [0, 1]."""
    ends = [np.linspace(0, size - 1, min(size, _PLACES)) for size in grid.shape]
    places = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 3)
    to_other = np.linalg.inv(other.affine) @ grid.affine
    there = places @ to_other[:3, :3].T + to_other[:3, 3]
    inside = (there >= -0.5) & (there <= np.array(other.shape) - 0.5)
    return float(inside.all(axis=1).mean())


def doubt_of_space(first: Grid, other: Grid, first_name: str, other_name: str) -> str | None:
    """A sentence where an image covers little of the one that it belongs to; None where it does.

    Raises UserError where it lies elsewhere altogether: the two are not in one space.
    """
    share = share_within(first, other)
    if not share:
        middles = [grid.ras((np.array(grid.shape) - 1) / 2) for grid in (first, other)]
        apart = np.linalg.norm(middles[0] - middles[1])
        raise UserError(
            f"{first_name} and {other_name} do not overlap, their middles lie {apart:.0f} mm "
            "apart; give images of one head in one space, or register them first."
        )
    if share < _ENOUGH:
        return (
            f"{first_name} is covered to {share:.0%} by {other_name}, which counts as black "
            "elsewhere; check that both show one head in one space."
        )
    return None


def brought_to(volume: Volume, grid: Grid) -> Volume:
    """An image on another grid, black beyond itself; the same voxels where it lies there already.

    Intensities are interpolated linearly, see `resample`.
    """
    if volume.grid.mismatch(grid) is None:
        return Volume(volume.data, grid.affine, grid.forms)
    return Volume(resample(volume.data, volume.grid, grid, order=1), grid.affine, grid.forms)
