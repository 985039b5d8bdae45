"""A phantom neonate: a synthetic scan, of one contrast or several, with its nine dHCP tissues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..dataset.contrast import DEFAULT, checked_contrasts
from ..errors import UserError
from ..labels import LabelScheme
from ..volumes import Volume
from .anatomy import draw_anatomy
from .appearance import draw_scan, load_appearances
from .atlas import load_atlas
from .subject import Subject

SCHEME = "dhcp9"
# The heads of the atlas at 44 weeks fill this.
FIELD_MM = (96.0, 112.0, 96.0)
_ROUNDING_MM = 1e-6
_SPACING_MM = (0.3, 3.0)


@dataclass(frozen=True)
class Phantom:
    """A scan, its labelmap of `dhcp9` values (0 outside the head) and the gestational age.

    `images` has the scan in each contrast, all on one grid; `image` is the first.
    """

    image: Volume
    labelmap: Volume
    weeks: float
    images: dict[str, Volume] = field(default_factory=dict)


def make_phantom(
    seed: int | Sequence[int],
    *,
    shape: tuple[int, int, int] | None = None,
    spacing: float = 1.0,
    weeks: float | None = None,
    contrasts: Sequence[str] = (DEFAULT,),
) -> Phantom:
    """Make the phantom neonate that belongs to `seed`.

    The seed (0 or more, or several numbers) fixes the head, so the same head comes at any `shape`
    (voxels) and `spacing` (mm); only the noise differs. Without a shape there are as many voxels as
    cover 96 x 112 x 96 mm. `weeks` is the gestational age, 28 to 44, drawn when not given. The axes
    are RAS and the origin is the middle of the volume. Of the `contrasts` each is the same whatever
    others are asked for.

    Raises UserError for a negative seed, a spacing at which the cortex is lost, a shape that cuts
    heads off, an age outside the atlas, or contrasts that phantoms do not have.
    """
    atlas = load_atlas()
    _check_seed(seed)
    _check_range("spacing", spacing, _SPACING_MM)
    if weeks is not None:
        _check_range("weeks", weeks, atlas.weeks)
    shape = shape or tuple(int(np.ceil(field / spacing)) for field in FIELD_MM)
    _check_field(shape, spacing)
    contrasts = _check_contrasts(contrasts)
    head_seed, *scan_seeds = np.random.SeedSequence(seed).spawn(1 + len(load_appearances()))
    seed_of = dict(zip(load_appearances(), scan_seeds, strict=True))
    head_rng = np.random.default_rng(head_seed)
    axes = tuple(spacing * (np.arange(n) - (n - 1) / 2) for n in shape)
    values = {label.name: label.value for label in LabelScheme.load(SCHEME).labels}

    subject = Subject.draw(head_rng, atlas, weeks)
    anatomy = draw_anatomy(head_rng, subject, atlas, axes, values)
    scans = {
        contrast: draw_scan(
            np.random.default_rng(seed_of[contrast]),
            anatomy,
            subject.weeks,
            axes,
            spacing,
            values,
            load_appearances()[contrast],
        )
        for contrast in contrasts
    }

    affine = np.diag([spacing, spacing, spacing, 1.0])
    affine[:3, 3] = [axis[0] for axis in axes]
    images = {contrast: Volume(scan.astype(np.float32), affine) for contrast, scan in scans.items()}
    return Phantom(images[contrasts[0]], Volume(anatomy.labelmap, affine), subject.weeks, images)


def _check_contrasts(contrasts: Sequence[str]) -> tuple[str, ...]:
    known = tuple(load_appearances())
    chosen = checked_contrasts(contrasts)
    for contrast in chosen:
        if contrast not in known:
            raise UserError(
                f"Phantoms have no {contrast}; choose of the contrasts {', '.join(known)}."
            )
    return chosen


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
