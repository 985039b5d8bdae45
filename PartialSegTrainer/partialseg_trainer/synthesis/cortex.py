"""The folded cortical surface: how far a point of the cerebrum lies under the nearest pia."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates

from .atlas import Atlas, LateralSulcus
from .noise import SmoothField
from .shapes import Points, smooth_minimum

_HEMISPHERE_CENTRE_MM = (17.0, -3.0, 6.0)
_SPHERE_MM = 36.0
_LATTICE_MM = 2.0
_CROWN_ROUNDING_MM = 1.5
# Measured: on a surface, the slope of a SmoothField is 1.64 standard deviations a knot.
_RADIANS_PER_KNOT = 1.64


@dataclass(frozen=True)
class Folding:
    """Sulci of one order: sheets that run inwards from the zero lines of a field on a sphere.

    `angle` is a lattice over the sphere's cube: the field's local phase, zero on a sulcus, +-pi/2
    on a gyral crown. `depth_mm` is how far the sulci reach.
    """

    angle: np.ndarray
    mm_per_radian: float
    depth_mm: float

    @classmethod
    def draw(cls, rng: np.random.Generator, knot_mm: float, depth_mm: float) -> Folding:
        """Sulci whose spacing is set by the knots of the random field."""
        reach = _SPHERE_MM + _HEMISPHERE_CENTRE_MM[0] + _LATTICE_MM
        ticks = np.arange(-reach, reach + _LATTICE_MM, _LATTICE_MM)
        field = SmoothField(rng, knot_mm, extent_mm=reach).on_grid(ticks, ticks, ticks)
        slope = _slope_on_sphere(field, ticks)
        # The phase makes a sulcus equally wide where the field crosses zero steeply or gently.
        mm_per_radian = knot_mm / _RADIANS_PER_KNOT
        angle = np.arctan2(field, slope * mm_per_radian)
        return cls(angle.astype(np.float32), mm_per_radian, depth_mm)

    def distance(self, directions: Points, depth: np.ndarray) -> np.ndarray:
        """Distance in mm from the nearest sulcal sheet.

        `directions` lie on the sphere, `depth` is how far each point is under the smooth hull.
        """
        middle = (self.angle.shape[0] - 1) / 2
        index = [d / np.float32(_LATTICE_MM) + np.float32(middle) for d in directions]
        phase = map_coordinates(self.angle, index, order=1, mode="nearest", output=np.float32)
        aside = np.abs(phase) * np.float32(self.mm_per_radian)
        return np.hypot(aside, np.maximum(depth - np.float32(self.depth_mm), 0))


def _slope_on_sphere(field: np.ndarray, ticks: np.ndarray) -> np.ndarray:
    """Gradient magnitude of a lattice field a mm, leaving out the part across the sphere."""
    x, y, z = np.meshgrid(ticks, ticks, ticks, indexing="ij", sparse=True)
    outwards = (x - np.copysign(_HEMISPHERE_CENTRE_MM[0], x), y, z)
    length_squared = sum(o * o for o in outwards)
    gradient = np.gradient(field, _LATTICE_MM)
    radial = sum(g * o for g, o in zip(gradient, outwards, strict=True))
    squared = sum(g * g for g in gradient) - radial**2 / np.maximum(length_squared, 1e-3)
    return np.sqrt(np.maximum(squared, 0))


def pial_distance(
    points: Points, hull_depth: np.ndarray, foldings: list[Folding], atlas: Atlas
) -> np.ndarray:
    """Distance in mm from the pia: outer hull, falx, lateral sulcus and random sulci.

    `hull_depth` is the depth of each point under the smooth surface of the cerebrum.
    """
    core = _core_depth(points, atlas)
    depth = np.minimum(hull_depth, np.hypot(points[0], np.maximum(core, 0)))
    lateral = _lateral_sulcus_distance(points, depth, atlas.lateral_sulcus)
    distance = smooth_minimum(depth, lateral, _CROWN_ROUNDING_MM)
    directions = _on_hemisphere(points)
    for folding in foldings:
        if folding.depth_mm > 0:
            sulcus = folding.distance(directions, depth)
            distance = smooth_minimum(distance, sulcus, _CROWN_ROUNDING_MM)
    return distance


def _core_depth(points: Points, atlas: Atlas) -> np.ndarray:
    """Depth inside the core, seen from the midline plane, where the falx does not reach."""
    _, y, z = points
    centre_y, centre_z = atlas.falx.core_centre
    half_y, half_z = atlas.falx.core_half_axes
    radius = np.hypot((y - centre_y) / half_y, (z - centre_z) / half_z)
    return (1 - radius) * min(half_y, half_z)


def _lateral_sulcus_distance(
    points: Points, depth: np.ndarray, sulcus: LateralSulcus
) -> np.ndarray:
    x, y, z = points
    above = np.abs(z - (sulcus.height - sulcus.slope * y))
    beyond = np.maximum(np.maximum(y - sulcus.front, sulcus.back - y), 0)
    medial = np.maximum(sulcus.medial - np.abs(x), 0)
    inner = np.maximum(depth - sulcus.depth, 0)
    return np.sqrt(above**2 + beyond**2 + inner**2 + medial**2)


def _on_hemisphere(points: Points) -> Points:
    """Each point projected from the centre of its own hemisphere onto a sphere around it.

    The projection makes sulci run inwards; the two spheres lie side by side in one field, so left
    and right fold differently.
    """
    x, y, z = points
    side = np.where(x < 0, -1, 1).astype(np.float32) * np.float32(_HEMISPHERE_CENTRE_MM[0])
    offset = (
        x - side,
        y - np.float32(_HEMISPHERE_CENTRE_MM[1]),
        z - np.float32(_HEMISPHERE_CENTRE_MM[2]),
    )
    length = np.sqrt(offset[0] ** 2 + offset[1] ** 2 + offset[2] ** 2)
    factor = np.float32(_SPHERE_MM) / np.maximum(length, 1e-3)
    return offset[0] * factor + side, offset[1] * factor, offset[2] * factor
