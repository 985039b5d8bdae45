"""Normalised surface Dice: how much of two surfaces agrees within a tolerance."""

from __future__ import annotations

from .surface import SurfaceDistances


def surface_dice(distances: SurfaceDistances, tolerance: float) -> float:
    """The share of the voxels of both surfaces that lie within `tolerance` mm of the other one.

    Nikolov et al., JMIR 2021, with the surface voxels that the distances are between.
    """
    both = distances.to_truth, distances.to_prediction
    return float(sum((d <= tolerance).sum() for d in both) / sum(d.size for d in both))
