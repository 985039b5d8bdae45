"""The table of anatomy behind every phantom (anatomy.json), typed."""

from __future__ import annotations

from functools import cache
from importlib import resources

import numpy as np
from pydantic import BaseModel, ConfigDict

from ..files import read_checked

Vector = tuple[float, float, float]


class Table(BaseModel):
    """A part of the anatomy file; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    comment: str = ""


class Growth(Table):
    """What changes with gestational age; every list runs along `weeks`."""

    weeks: list[float]
    size: list[float]
    primary_sulcus_mm: list[float]
    secondary_sulcus_mm: list[float]
    extra_axial_mm: list[float]
    fluid: list[float]
    hindbrain: list[float]

    def at(self, quantity: str, weeks: float) -> float:
        """One quantity at a gestational age, linear between the tabulated weeks."""
        return float(np.interp(weeks, self.weeks, getattr(self, quantity)))


class Ellipsoid(Table):
    """Centre and half axes in mm."""

    centre: Vector
    half_axes: Vector


class Skull(Table):
    """The inner table: a base flatter than the vault, a forehead narrower by `taper` a mm."""

    centre_y: float
    half_axes: Vector
    base_half_axis: float
    taper: float


class Hollow(Ellipsoid):
    """A space that the cerebrum leaves free: for fluid and hindbrain, or outside the skull."""

    name: str
    outside: bool = False
    hindbrain: bool = False


class Falx(Table):
    """The core of the brain, where the hemispheres stay joined: an ellipse in y and z, in mm."""

    core_centre: tuple[float, float]
    core_half_axes: tuple[float, float]


class LateralSulcus(Table):
    """The Sylvian fissure: a sheet that rises backwards, in mm.

    It runs from `front` to `back`, at `height` where y is 0, and reaches `depth` under the surface
    but not nearer to the midline than `medial`.
    """

    height: float
    slope: float
    front: float
    back: float
    medial: float
    depth: float


class Structure(Table):
    """One labelled structure, an ellipsoid or the rows of a tube; later ones cover earlier ones."""

    name: str
    label: str
    shape: Ellipsoid | list[tuple[float, float, float, float]]
    paired: bool = False
    fluid: bool = False
    hindbrain: bool = False


class Atlas(Table):
    """The whole head at 40 weeks, and how it grows."""

    growth: Growth
    skull: Skull
    hollows: list[Hollow]
    falx: Falx
    lateral_sulcus: LateralSulcus
    structures: list[Structure]

    @property
    def weeks(self) -> tuple[float, float]:
        """The youngest and the oldest gestational age of a phantom."""
        return self.growth.weeks[0], self.growth.weeks[-1]


@cache
def load_atlas() -> Atlas:
    """The anatomy table that ships with the package."""
    with resources.as_file(resources.files(__package__) / "anatomy.json") as path:
        return read_checked(path, Atlas)
