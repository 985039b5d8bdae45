"""One newborn's head: age, size, shape and pose, and the way from the scanner to the atlas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from .atlas import Atlas
from .noise import SmoothField
from .shapes import Points

_POSE_DEGREES = 10.0
_SHIFT_MM = 1.5
_SIZE_SD = 0.015
_PROPORTION_SD = 0.02
_WARP_MM = 1.5
_WARP_KNOT_MM = 24.0


@dataclass(frozen=True)
class Subject:
    """Anatomy shared by every scan of one newborn.

    `matrix` and `shift` take a point of the scanner (RAS mm) to the atlas before the warp; `scale`
    is the mean size relative to the atlas, to turn true millimetres into the atlas's.
    """

    weeks: float
    scale: float
    matrix: np.ndarray
    shift: np.ndarray
    warp: tuple[SmoothField, SmoothField, SmoothField]

    @classmethod
    def draw(cls, rng: np.random.Generator, atlas: Atlas, weeks: float | None) -> Subject:
        """A random newborn, of the given gestational age or of any that the atlas covers."""
        any_age = rng.uniform(*atlas.weeks)
        weeks = any_age if weeks is None else weeks
        size = atlas.growth.at("size", weeks) * (1 + _SIZE_SD * _bounded_normal(rng))
        proportions = size * (1 + _PROPORTION_SD * _bounded_normal(rng, 3))
        pose = Rotation.from_euler("xyz", rng.uniform(-_POSE_DEGREES, _POSE_DEGREES, 3), True)
        return cls(
            weeks=float(weeks),
            scale=float(size),
            matrix=np.diag(1 / proportions) @ pose.as_matrix().T,
            shift=rng.uniform(-_SHIFT_MM, _SHIFT_MM, 3),
            warp=tuple(SmoothField(rng, _WARP_KNOT_MM) for _ in range(3)),
        )

    def atlas_points(self, axes: Points) -> Points:
        """Where the voxels of a grid, spanned by three RAS axes in mm, lie in the atlas."""
        x, y, z = (axis.astype(np.float32) for axis in axes)
        points = []
        for row, shift, field in zip(self.matrix, self.shift, self.warp, strict=True):
            a, b, c = (np.float32(value) for value in row)
            position = (a * x)[:, None, None] + (b * y)[:, None] + (c * z) - np.float32(shift)
            points.append(position + np.float32(_WARP_MM) * field.on_grid(x, y, z))
        return points[0], points[1], points[2]


def _bounded_normal(rng: np.random.Generator, size: int | None = None) -> np.ndarray | float:
    """Normal deviates without the tails that would push a head out of the field of view."""
    return np.clip(rng.standard_normal(size), -1.5, 1.5)
