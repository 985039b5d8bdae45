"""Normalised surface Dice: how much of two surfaces agrees within a tolerance."""

from __future__ import annotations

from .surface import SurfaceDistances

# Of a distance; that of five voxels of 0.2 mm is stored as 1.0000001 mm.
_ROUNDING = 1e-6


def surface_dice(distances: SurfaceDistances, tolerance: float) -> float:
    """The share of the voxels of both surfaces that lie within `tolerance` mm of the other one.

    A distance equal to the tolerance is within it, also where float32 makes a little more of it.
    Nikolov et al., JMIR 2021, with the surface voxels that the distances are between.
    """
    both = distances.to_truth, distances.to_prediction
    most = tolerance * (1 + _ROUNDING)
    return float(sum((d <= most).sum() for d in both) / sum(d.size for d in both))
