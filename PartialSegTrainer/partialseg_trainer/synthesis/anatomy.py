"""Which tissue each voxel of a phantom holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .atlas import Atlas
from .cortex import Folding, pial_distance
from .shapes import Points
from .skull import cerebrum_depth, skull_depth
from .structures import DrawnStructure
from .subject import Subject

_PRIMARY_KNOT_MM = 11.0
_SECONDARY_KNOT_MM = 7.5
_CORTEX_MM = (1.5, 2.1)
_SULCUS_HALF_WIDTH_MM = (0.2, 0.45)
_EXTRA_AXIAL_SHARE = (0.8, 1.25)
_RIM_MM = 1.3
_FLUID_AROUND_STEM_MM = 3.0


@dataclass(frozen=True)
class Anatomy:
    """Tissue and depth of every voxel.

    `labelmap` (X, Y, Z) uint8 holds values of the scheme, 0 outside the brain mask. `mask_depth`
    (X, Y, Z) float32 is the depth in mm under the surface of that mask, negative outside it.
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
        Folding.draw(rng, _PRIMARY_KNOT_MM, growth.at("primary_sulcus_mm", subject.weeks)),
        Folding.draw(rng, _SECONDARY_KNOT_MM, growth.at("secondary_sulcus_mm", subject.weeks)),
    ]
    # These are true millimetres, while the atlas is as large as it is for every age.
    rim = _RIM_MM / subject.scale
    cortex = rng.uniform(*_CORTEX_MM) / subject.scale
    sulcus = rng.uniform(*_SULCUS_HALF_WIDTH_MM) / subject.scale
    extra_axial = growth.at("extra_axial_mm", subject.weeks) * rng.uniform(*_EXTRA_AXIAL_SHARE)
    structures = [
        DrawnStructure.draw(rng, structure, subject, atlas) for structure in atlas.structures
    ]

    everywhere = subject.atlas_points(axes)
    mask_depth = _mask_depth(everywhere, structures, atlas)
    inside = mask_depth > 0
    points = tuple(coordinate[inside] for coordinate in everywhere)
    depth = mask_depth[inside]
    hindbrain = growth.at("hindbrain", subject.weeks)
    hull = cerebrum_depth(points, depth - np.float32(extra_axial + rim), hindbrain, atlas)
    pia = pial_distance(points, hull, foldings, atlas)

    tissue = np.full(depth.shape, values["csf"], dtype=np.uint8)
    tissue[depth < rim] = values["background"]
    tissue[(hull > 0) & (pia > sulcus)] = values["cgm"]
    tissue[(hull > 0) & (pia > sulcus + cortex)] = values["wm"]
    for drawn in structures:
        tissue[drawn.depth(points) > 0] = values[drawn.structure.label]

    labelmap = np.zeros(inside.shape, dtype=np.uint8)
    labelmap[inside] = tissue
    return Anatomy(labelmap, mask_depth * np.float32(subject.scale))


def _mask_depth(points: Points, structures: list[DrawnStructure], atlas: Atlas) -> np.ndarray:
    """Depth inside the brain mask: the skull, and the brainstem's way out through its base."""
    depth = skull_depth(points, atlas)
    for drawn in structures:
        if drawn.structure.label == "brainstem":
            np.maximum(depth, drawn.depth(points) + np.float32(_FLUID_AROUND_STEM_MM), out=depth)
    return depth
