"""Implicit shapes: signed depth in mm at given points, positive inside."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

Points = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Coordinates x, y, z in mm, three arrays of one shape."""


def ellipsoid_depth(
    points: Points, centre: Sequence[float], half_axes: Sequence[float]
) -> np.ndarray:
    """First-order depth inside an ellipsoid, exact on its surface and for spheres."""
    scaled = [(p - c) / a for p, c, a in zip(points, centre, half_axes, strict=True)]
    radius = np.sqrt(scaled[0] ** 2 + scaled[1] ** 2 + scaled[2] ** 2)
    slope = np.sqrt(sum((s / a) ** 2 for s, a in zip(scaled, half_axes, strict=True)))
    return radius * (1 - radius) / np.maximum(slope, 1e-6)


def tube_depth(points: Points, path: Sequence[Sequence[float]]) -> np.ndarray:
    """Depth inside a bent tube through `path`, whose rows are x, y, z and radius in mm."""
    depth = np.full(points[0].shape, -np.inf, dtype=np.float32)
    for start, end in pairwise(path):
        axis = [e - s for s, e in zip(start[:3], end[:3], strict=True)]
        offset = [p - s for p, s in zip(points, start[:3], strict=True)]
        length_squared = sum(a * a for a in axis)
        along = sum(o * a for o, a in zip(offset, axis, strict=True)) / length_squared
        along = np.clip(along, 0, 1)
        squared = sum((o - along * a) ** 2 for o, a in zip(offset, axis, strict=True))
        radius = start[3] + along * (end[3] - start[3])
        np.maximum(depth, radius - np.sqrt(squared), out=depth)
    return depth


def smooth_minimum(first: np.ndarray, second: np.ndarray, rounding_mm: float) -> np.ndarray:
    """The smaller depth, with the edge where the two meet rounded over about `rounding_mm`."""
    overlap = np.maximum(1 - np.abs(first - second) / np.float32(rounding_mm), 0)
    return np.minimum(first, second) - overlap**2 * np.float32(rounding_mm / 4)
