"""A phantom neonate: a synthetic T2-weighted scan with its nine dHCP tissues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import UserError
from ..labels import LabelScheme
from ..volumes import Volume
from .anatomy import draw_anatomy
from .appearance import draw_scan
from .atlas import load_atlas
from .subject import Subject

SCHEME = "dhcp9"
_SMALLEST_FIELD_MM = (88.0, 104.0, 88.0)
_SPACING_MM = (0.3, 3.0)


@dataclass(frozen=True)
class Phantom:
    """A scan, its labelmap of `dhcp9` values (0 outside the head) and the gestational age."""

    image: Volume
    labelmap: Volume
    weeks: float


def make_phantom(
    seed: int | Sequence[int],
    *,
    shape: tuple[int, int, int] = (96, 112, 96),
    spacing: float = 1.0,
    weeks: float | None = None,
) -> Phantom:
    """Make the phantom neonate that belongs to `seed`.

    The seed (0 or more, or several numbers) fixes the head, so the same head comes at any `shape`
    (voxels) and `spacing` (mm); only the noise differs. `weeks` is the gestational age, 28 to 44,
    drawn when not given. The axes are RAS and the origin is the middle of the volume. Raises
    UserError for a negative seed, a field of view that cuts the head, a spacing at which the cortex
    is lost, or an age outside the atlas.
    """
    atlas = load_atlas()
    _check(seed, shape, spacing, weeks, atlas.weeks)
    head_rng, scan_rng = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
    axes = tuple(spacing * (np.arange(n) - (n - 1) / 2) for n in shape)
    values = {label.name: label.value for label in LabelScheme.load(SCHEME).labels}

    subject = Subject.draw(head_rng, atlas, weeks)
    anatomy = draw_anatomy(head_rng, subject, atlas, axes, values)
    scan = draw_scan(scan_rng, anatomy, subject.weeks, axes, spacing, values)

    affine = np.diag([spacing, spacing, spacing, 1.0])
    affine[:3, 3] = [axis[0] for axis in axes]
    return Phantom(
        Volume(scan.astype(np.float32), affine), Volume(anatomy.labelmap, affine), subject.weeks
    )


def _check(
    seed: int | Sequence[int],
    shape: Sequence[int],
    spacing: float,
    weeks: float | None,
    ages: tuple[float, float],
) -> None:
    if np.min(seed) < 0:
        raise UserError(f"seed is {seed}; choose 0 or a larger whole number.")
    low, high = _SPACING_MM
    if not low <= spacing <= high:
        raise UserError(f"spacing is {spacing} mm; choose from {low} to {high} mm.")
    field = [n * spacing for n in shape]
    if len(field) != 3 or any(f < s for f, s in zip(field, _SMALLEST_FIELD_MM, strict=True)):
        needed = " x ".join(f"{s:g}" for s in _SMALLEST_FIELD_MM)
        found = " x ".join(f"{f:g}" for f in field)
        raise UserError(
            f"shape and spacing give a field of view of {found} mm, but a head needs {needed} mm; "
            "choose more or larger voxels."
        )
    if weeks is not None and not ages[0] <= weeks <= ages[1]:
        raise UserError(f"weeks is {weeks}; choose from {ages[0]:g} to {ages[1]:g}.")
