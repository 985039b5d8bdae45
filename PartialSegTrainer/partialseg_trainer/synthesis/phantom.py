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
# The heads of the atlas at 44 weeks fill this.
FIELD_MM = (96.0, 112.0, 96.0)
_ROUNDING_MM = 1e-6
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
    shape: tuple[int, int, int] | None = None,
    spacing: float = 1.0,
    weeks: float | None = None,
) -> Phantom:
    """Make the phantom neonate that belongs to `seed`.

    The seed (0 or more, or several numbers) fixes the head, so the same head comes at any `shape`
    (voxels) and `spacing` (mm); only the noise differs. Without a shape there are as many voxels as
    cover 96 x 112 x 96 mm. `weeks` is the gestational age, 28 to 44, drawn when not given. The axes
    are RAS and the origin is the middle of the volume.

    Raises UserError for a negative seed, a spacing at which the cortex is lost, a shape that cuts
    heads off, or an age outside the atlas.
    """
    atlas = load_atlas()
    _check_seed(seed)
    _check_range("spacing", spacing, _SPACING_MM)
    if weeks is not None:
        _check_range("weeks", weeks, atlas.weeks)
    shape = shape or tuple(int(np.ceil(field / spacing)) for field in FIELD_MM)
    _check_field(shape, spacing)
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


def _check_seed(seed: int | Sequence[int]) -> None:
    if np.min(seed) < 0:
        raise UserError(f"seed is {seed}; choose 0 or a larger whole number.")


def _check_range(name: str, value: float, limits: tuple[float, float]) -> None:
    low, high = limits
    if not low <= value <= high:
        raise UserError(f"{name} is {value}; choose from {low:g} to {high:g}.")


def _check_field(shape: Sequence[int], spacing: float) -> None:
    if len(shape) != 3:
        raise UserError(f"shape is {tuple(shape)}; give the voxels along three axes.")
    field = [n * spacing for n in shape]
    if any(f < s - _ROUNDING_MM for f, s in zip(field, FIELD_MM, strict=True)):
        found, needed = (" x ".join(f"{mm:g}" for mm in sizes) for sizes in (field, FIELD_MM))
        raise UserError(
            f"shape {tuple(shape)} at {spacing:g} mm covers {found} mm, but a head needs {needed} "
            "mm; choose more voxels."
        )
