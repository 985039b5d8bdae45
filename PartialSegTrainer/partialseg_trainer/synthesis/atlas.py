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


class Skull(Ellipsoid):
    """The inner table: the base is flatter than the vault, the forehead narrower by `taper` a mm."""

    base_half_axis: float
    taper: float


class Hollow(Ellipsoid):
    """A space that the cerebrum leaves free: for fluid and hindbrain, or outside the skull."""

    name: str
    outside: bool = False


class Falx(Table):
    """The core of the brain, where the two hemispheres stay joined under the fissure."""

    core_centre: Vector
    core_half_axes: Vector


class LateralSulcus(Table):
    """The Sylvian fissure: a sheet that rises backwards from `front` to `back`, in mm."""

    height: float
    slope: float
    front: float
    back: float
    depth: float


class Structure(Table):
    """One labelled structure, an ellipsoid or a tube; later ones cover earlier ones."""

    name: str
    label: str
    paired: bool
    ellipsoid: Ellipsoid | None = None
    tube: list[tuple[float, float, float, float]] | None = None
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
