"""A structure of the atlas as one newborn has it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .atlas import Atlas, Structure
from .shapes import Points, ellipsoid_depth, tube_depth
from .subject import Subject

_CENTRE_SD_MM = 0.6
_GIRTH_SD = 0.05
_FLUID_GIRTH = (0.85, 1.35)


@dataclass(frozen=True)
class DrawnStructure:
    """The shape of the atlas, moved by `shift` (mm) and thicker by the factor `girth`."""

    structure: Structure
    shift: np.ndarray
    girth: float

    @classmethod
    def draw(
        cls, rng: np.random.Generator, structure: Structure, subject: Subject, atlas: Atlas
    ) -> DrawnStructure:
        """Vary place and girth; fluid spaces and hindbrain also change with age."""
        shift = np.clip(rng.normal(0, _CENTRE_SD_MM, 3), -1, 1)
        if not structure.paired:
            shift[0] = 0.0
        girth = 1 + _GIRTH_SD * np.clip(rng.standard_normal(), -2, 2)
        if structure.fluid:
            girth *= atlas.growth.at("fluid", subject.weeks) * rng.uniform(*_FLUID_GIRTH)
        if structure.hindbrain:
            girth *= atlas.growth.at("hindbrain", subject.weeks)
        return cls(structure, shift, float(girth))

    def depth(self, points: Points) -> np.ndarray:
        """Depth in mm inside the structure at points of the atlas; a pair is mirrored."""
        x, y, z = points
        if self.structure.paired:
            x = np.abs(x)
        moved = tuple(p - np.float32(s) for p, s in zip((x, y, z), self.shift, strict=True))
        shape = self.structure.shape
        if isinstance(shape, list):
            return tube_depth(moved, [(*row[:3], row[3] * self.girth) for row in shape])
        return ellipsoid_depth(moved, shape.centre, [a * self.girth for a in shape.half_axes])
