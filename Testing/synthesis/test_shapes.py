"""The building blocks: depths are true where they can be checked, fields have unit variance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partialseg_trainer.synthesis.noise import SmoothField
from partialseg_trainer.synthesis.shapes import ellipsoid_depth, smooth_minimum, tube_depth

AXIS = np.linspace(-20, 20, 41)
POINTS = tuple(np.meshgrid(AXIS, AXIS, AXIS, indexing="ij"))


def test_ellipsoid_depth_is_the_distance_from_the_surface_of_a_sphere():
    depth = ellipsoid_depth(POINTS, (1, 2, 3), (8, 8, 8))
    radius = np.sqrt(sum((p - c) ** 2 for p, c in zip(POINTS, (1, 2, 3), strict=True)))
    np.testing.assert_allclose(depth[radius > 0], (8 - radius)[radius > 0], atol=1e-6)


def test_tube_depth_is_the_distance_from_its_surface():
    depth = tube_depth(POINTS, [(-5, 0, 0, 3), (5, 0, 0, 3)])
    x, y, z = POINTS
    beyond = np.maximum(np.abs(x) - 5, 0)
    np.testing.assert_allclose(depth, 3 - np.sqrt(beyond**2 + y**2 + z**2), atol=1e-5)


@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(0.5, 10))
def test_smooth_minimum_is_symmetric_and_lower_by_at_most_a_quarter_of_the_rounding(a, b, rounding):
    first, second = np.array([a]), np.array([b])
    value = smooth_minimum(first, second, rounding)
    assert value == pytest.approx(smooth_minimum(second, first, rounding))
    assert min(a, b) - rounding / 4 - 1e-5 <= value[0] <= min(a, b)
    if abs(a - b) >= rounding:
        assert value[0] == pytest.approx(min(a, b), abs=1e-6)


def test_a_smooth_field_has_zero_mean_and_unit_variance():
    ticks = np.arange(-60, 60, 2.0)
    field = SmoothField(np.random.default_rng(0), knot_mm=6.0).on_grid(ticks, ticks, ticks)
    assert field.mean() == pytest.approx(0, abs=0.05)
    assert field.std() == pytest.approx(1, abs=0.05)


def test_a_smooth_field_is_the_same_wherever_the_grid_looks_at_it():
    field = SmoothField(np.random.default_rng(0), knot_mm=6.0)
    ticks = np.arange(-30, 31, 3.0)
    whole = field.on_grid(ticks, ticks, ticks)
    part = field.on_grid(ticks[5:9], ticks[::2], ticks[3:])
    np.testing.assert_allclose(part, whole[5:9, ::2, 3:], atol=1e-5)
    assert part.shape == (4, 11, 18)
