"""Smooth random fields in space: cubic B-splines over a coarse lattice of normal deviates."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import BSpline

_DEGREE = 3
# Mean square of a cubic B-spline sum over unit white noise, per axis (the integral of B3 squared).
_VARIANCE_PER_AXIS = 151 / 315


class SmoothField:
    """A random field over [-extent, extent]^3 mm with zero mean and unit variance.

    Detail finer than about two knots is absent. The field belongs to space, not to a grid, so the
    same field can be sampled at any shape and spacing; beyond the extent it keeps its edge value.
    """

    def __init__(self, rng: np.random.Generator, knot_mm: float, extent_mm: float = 72.0) -> None:
        self._extent = extent_mm
        intervals = int(np.ceil(2 * extent_mm / knot_mm))
        self._knots = -extent_mm + knot_mm * np.arange(-_DEGREE, intervals + _DEGREE + 1)
        count = len(self._knots) - _DEGREE - 1
        self._coefficients = rng.standard_normal((count,) * 3, dtype=np.float32)
        self._coefficients /= _VARIANCE_PER_AXIS**1.5

    def on_grid(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """The field on the grid spanned by three coordinate vectors in mm: (X, Y, Z) float32."""
        field = self._coefficients
        # Each product contracts the leading axis and appends the sampled one.
        for positions in (x, y, z):
            field = np.tensordot(field, self._basis(positions), axes=(0, 1))
        return field

    def _basis(self, positions: np.ndarray) -> np.ndarray:
        inside = np.clip(np.asarray(positions, dtype=np.float64), -self._extent, self._extent)
        return BSpline.design_matrix(inside, self._knots, _DEGREE).toarray().astype(np.float32)
