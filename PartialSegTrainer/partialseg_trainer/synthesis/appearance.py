"""How a phantom looks in a scan of a contrast: signal, texture, blur, bias field and noise."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

import numpy as np
from pydantic import RootModel
from scipy.ndimage import gaussian_filter

from ..files import read_checked
from .anatomy import Anatomy
from .atlas import Table
from .noise import SmoothField
from .shapes import Points

_TERM_WEEKS = 40.0
_COARSE_KNOT_MM = 12.0
_FINE_KNOT_MM = 3.0
_BIAS_KNOT_MM = 50.0
_BIAS = (0.04, 0.12)
_BLUR_MM = (0.45, 0.75)
_NOISE = (0.015, 0.04)
_GAIN = (200.0, 2000.0)
_SKULL_MM = 2.5
_SCALP_MM = 6.5
_STRIPPED_SHARE = 0.5


class Tissue(Table):
    """Signal of one tissue, relative to the brightest."""

    mean: float
    per_week: float
    between: float
    texture: float


class Appearance(Table):
    """The signal of everything in the field of view, in one contrast."""

    tissues: dict[str, Tissue]
    skull: float
    scalp: float
    air: float


class _Appearances(RootModel[dict[str, Appearance]]):
    pass


@cache
def load_appearances() -> Mapping[str, Appearance]:
    """The tables of signals that ship with the package, by their contrasts.

    A phantom's seeds are dealt out in their order: new ones go behind.
    """
    with resources.as_file(resources.files(__package__) / "appearance.json") as path:
        return read_checked(path, _Appearances).root


def draw_scan(
    rng: np.random.Generator,
    anatomy: Anatomy,
    weeks: float,
    axes: Points,
    spacing: float,
    values: Mapping[str, int],
    appearance: Appearance,
) -> np.ndarray:
    """A scan (X, Y, Z) float32 of the anatomy, in arbitrary units from 0 up.

    Half of the scans show skull and scalp; the others are zero outside the brain mask. Noise is
    Rician: the magnitude of a complex signal.
    """
    coarse, fine = (SmoothField(rng, knot) for knot in (_COARSE_KNOT_MM, _FINE_KNOT_MM))
    texture = 0.7 * coarse.on_grid(*axes) + 0.7 * fine.on_grid(*axes)
    mean = np.zeros(max(values.values()) + 1, dtype=np.float32)
    spread = np.zeros_like(mean)
    for name, tissue in appearance.tissues.items():
        own = tissue.between * np.clip(rng.standard_normal(), -2, 2)
        mean[values[name]] = tissue.mean + tissue.per_week * (weeks - _TERM_WEEKS) + own
        spread[values[name]] = tissue.texture
    signal = mean[anatomy.labelmap] + spread[anatomy.labelmap] * texture
    stripped = rng.random() < _STRIPPED_SHARE
    _add_head(signal, anatomy.mask_depth, texture, appearance)

    signal = gaussian_filter(signal, rng.uniform(*_BLUR_MM) / spacing, truncate=3)
    bias = SmoothField(rng, _BIAS_KNOT_MM).on_grid(*axes)
    signal *= np.exp(np.float32(rng.uniform(*_BIAS)) * bias)
    noise = np.float32(rng.uniform(*_NOISE))
    gain = np.float32(np.exp(rng.uniform(*np.log(_GAIN))))
    real = signal + noise * rng.standard_normal(signal.shape, dtype=np.float32)
    imaginary = noise * rng.standard_normal(signal.shape, dtype=np.float32)
    scan = gain * np.hypot(real, imaginary)
    return np.where(anatomy.labelmap > 0, scan, 0) if stripped else scan


def _add_head(
    signal: np.ndarray, depth: np.ndarray, texture: np.ndarray, appearance: Appearance
) -> None:
    """Put dark bone and bright scalp around the brain mask, and air around those."""
    outside = depth <= 0
    scalp = appearance.scalp * (1 + 0.15 * texture[outside])
    shell = np.where(depth[outside] > -_SKULL_MM, appearance.skull, scalp)
    signal[outside] = np.where(depth[outside] > -_SCALP_MM, shell, appearance.air)
