"""The space inside the skull, and what of it the cerebrum fills."""

from __future__ import annotations

import numpy as np

from .atlas import Atlas
from .shapes import Points, ellipsoid_depth, smooth_minimum

_ROUNDING_MM = 6.0
# Between an ellipsoid (2) and a box: its powers are products of square roots, which are fast.
_EXPONENT = 2.25


def skull_depth(points: Points, atlas: Atlas) -> np.ndarray:
    """Depth in mm under the inner table: a rounded box with a flat base and hollow orbits."""
    skull = atlas.skull
    x, y, z = points
    half_x, half_y, half_z = skull.half_axes
    scaled = (
        np.abs(x) / (half_x * (1 - skull.taper * y)),
        np.abs(y - skull.centre_y) / half_y,
        np.where(z > 0, z / half_z, -z / skull.base_half_axis),
    )
    total = sum(s * s * np.sqrt(np.sqrt(s)) for s in scaled)
    norm = np.maximum(total, 1e-6) ** np.float32(1 / _EXPONENT)
    depth = np.sqrt(x * x + y * y + z * z) * (1 / norm - 1)
    for hollow in atlas.hollows:
        if hollow.outside:
            beyond = -ellipsoid_depth(points, hollow.centre, hollow.half_axes)
            depth = smooth_minimum(depth, beyond, _ROUNDING_MM)
    return depth.astype(np.float32)


def cerebrum_depth(points: Points, inner: np.ndarray, hindbrain: float, atlas: Atlas) -> np.ndarray:
    """Depth in mm under the smooth hull of the cerebrum.

    `inner` is the depth under the arachnoid, `hindbrain` the size of the posterior fossa's content
    relative to 40 weeks.
    """
    depth = inner
    for hollow in atlas.hollows:
        size = hindbrain if hollow.hindbrain else 1.0
        half_axes = [axis * size for axis in hollow.half_axes]
        beyond = -ellipsoid_depth(points, hollow.centre, half_axes)
        depth = smooth_minimum(depth, beyond, _ROUNDING_MM)
    return depth
