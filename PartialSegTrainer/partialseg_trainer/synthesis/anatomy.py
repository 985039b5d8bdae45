"""Which tissue each voxel of a phantom holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .atlas import Atlas, Structure
from .cortex import Folding, pial_distance
from .shapes import Points, ellipsoid_depth, tube_depth
from .subject import Subject

_PRIMARY_KNOT_MM = 16.0
_SECONDARY_KNOT_MM = 10.0
_CORTEX_MM = (1.6, 2.3)
_RIM_MM = 1.3
_SULCUS_HALF_WIDTH_MM = (0.2, 0.45)
_CENTRE_JITTER_MM = 0.6
_GIRTH_SD = 0.05


@dataclass(frozen=True)
class Anatomy:
    """Tissue and depths of every voxel.

    `labelmap` (X, Y, Z) uint8 holds values of the scheme, 0 outside the head. `scalp_depth` (X, Y, Z)
    float32 is the depth in mm under the brain's mask, negative outside it.
    """

    labelmap: np.ndarray
    mask_depth: np.ndarray


def draw_anatomy(
    rng: np.random.Generator,
    subject: Subject,
    atlas: Atlas,
    axes: Points,
    values: Mapping[str, int],
) -> Anatomy:
    """Lay out the tissues on the grid spanned by `axes` (RAS mm); `values` maps label to value."""
    growth = atlas.growth
    foldings = [
        Folding.draw(rng, knot, growth.at(depth, subject.weeks))
        for knot, depth in (
            (_PRIMARY_KNOT_MM, "primary_sulcus_mm"),
            (_SECONDARY_KNOT_MM, "secondary_sulcus_mm"),
        )
    ]
    cortex_mm = rng.uniform(*_CORTEX_MM) / subject.scale
    sulcus_mm = rng.uniform(*_SULCUS_HALF_WIDTH_MM) / subject.scale
    extra_axial_mm = growth.at("extra_axial_mm", subject.weeks) * rng.uniform(0.8, 1.25)
    structures = [_Drawn.draw(rng, structure, subject, atlas) for structure in atlas.structures]

    whole = subject.atlas_points(axes)
    skull = _skull_depth(whole, atlas)
    stem = np.full(skull.shape, -np.inf, dtype=np.float32)
    for drawn in structures:
        if drawn.structure.label == "brainstem":
            np.maximum(stem, drawn.depth(whole), out=stem)
    skull = np.maximum(skull, stem + np.float32(3.0))

    inside = skull > 0
    points = tuple(p[inside] for p in whole)
    depth = skull[inside]
    cerebrum = depth - np.float32(extra_axial_mm + _RIM_MM / subject.scale)
    for hollow in atlas.hollows:
        np.minimum(
            cerebrum, -ellipsoid_depth(points, hollow.centre, hollow.half_axes), out=cerebrum
        )
    pia = pial_distance(points, cerebrum, foldings, atlas)

    tissue = np.full(depth.shape, values["csf"], dtype=np.uint8)
    tissue[depth < _RIM_MM / subject.scale] = values["background"]
    brain = cerebrum > 0
    tissue[brain & (pia > sulcus_mm)] = values["cgm"]
    tissue[brain & (pia > sulcus_mm + cortex_mm)] = values["wm"]
    for drawn in structures:
        tissue[drawn.depth(points) > 0] = values[drawn.structure.label]

    labelmap = np.zeros(skull.shape, dtype=np.uint8)
    labelmap[inside] = tissue
    return Anatomy(labelmap, skull * np.float32(subject.scale))


def _skull_depth(points: Points, atlas: Atlas) -> np.ndarray:
    """Depth under the inner table of the skull: a rounded box with a flat base."""
    skull = atlas.skull
    x, y, z = points
    half_x, half_y, half_z = skull.half_axes
    a = np.abs(x) / (half_x * (1 - skull.taper * y))
    b = np.abs(y - skull.centre[1]) / half_y
    c = np.where(z > 0, z / half_z, -z / skull.base_half_axis)
    # The exponent 2.5, through square roots because powers are slow.
    total = a * a * np.sqrt(a) + b * b * np.sqrt(b) + c * c * np.sqrt(c)
    norm = np.maximum(total, 1e-6) ** np.float32(0.4)
    depth = np.sqrt(x * x + y * y + z * z) * (1 / norm - 1)
    for hollow in atlas.hollows:
        if hollow.outside:
            np.minimum(depth, -ellipsoid_depth(points, hollow.centre, hollow.half_axes), out=depth)
    return depth.astype(np.float32)


@dataclass(frozen=True)
class _Drawn:
    """A structure with one subject's own place and girth."""

    structure: Structure
    shift: np.ndarray
    girth: float

    @classmethod
    def draw(
        cls, rng: np.random.Generator, structure: Structure, subject: Subject, atlas: Atlas
    ) -> _Drawn:
        shift = np.clip(rng.normal(0, _CENTRE_JITTER_MM, 3), -1, 1)
        girth = 1 + _GIRTH_SD * np.clip(rng.standard_normal(), -2, 2)
        if structure.fluid:
            girth *= atlas.growth.at("fluid", subject.weeks) * rng.uniform(0.85, 1.2)
        if structure.hindbrain:
            girth *= atlas.growth.at("hindbrain", subject.weeks)
        if not structure.paired:
            shift[0] = 0.0
        return cls(structure, shift, float(girth))

    def depth(self, points: Points) -> np.ndarray:
        x, y, z = points
        if self.structure.paired:
            x = np.abs(x)
        moved = tuple(p - np.float32(s) for p, s in zip((x, y, z), self.shift, strict=True))
        if self.structure.tube is not None:
            path = [(*row[:3], row[3] * self.girth) for row in self.structure.tube]
            return tube_depth(moved, path)
        shape = self.structure.ellipsoid
        return ellipsoid_depth(moved, shape.centre, [a * self.girth for a in shape.half_axes])
