"""Resampling: a known function of the position in space has to come out where it belongs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oriented_grids import ORIENTATIONS, affine_of, grids, reordered, tilted
from partialseg_trainer.volumes import Grid, canonical_grid, read_labelmap, read_volume, resample

CENTRE = np.array([5.0, -7.0, 11.0])


def centred(shape, directions, spacing):
    """A grid whose field of view has its middle at CENTRE."""
    affine = affine_of(directions, spacing)
    affine[:3, 3] = CENTRE - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Grid(shape, affine)


def positions(grid):
    return grid.ras(np.stack(np.indices(grid.shape), axis=-1))


def plane(grid):
    """A linear function of the position in mm: linear interpolation has to be exact."""
    return (positions(grid) @ [1.0, -2.0, 0.5] + 3).astype(np.float32)


def wave(grid):
    """A smooth function of the position with a wavelength of about 25 mm."""
    return np.cos((positions(grid) - CENTRE) @ np.diag([0.25, 0.2, 0.3])).sum(axis=-1)


@pytest.mark.parametrize("order", [1, 3])
@pytest.mark.parametrize("tilt", [(0, 0, 0), (12, -7, 20)])
def test_a_linear_function_is_reproduced_on_a_finer_grid_of_any_orientation(order, tilt):
    source = centred((40, 36, 30), np.eye(3), (1.0, 1.1, 1.5))
    for directions in ORIENTATIONS[::5]:
        target = centred((24, 22, 20), tilted(tilt) @ directions, 0.8)
        result = resample(plane(source), source, target, order)
        assert result.dtype == np.float32
        assert np.abs(result - plane(target)).max() < 1e-2


@pytest.mark.parametrize("tilt", [(0, 0, 0), (12, -7, 20)])
def test_a_wave_lands_within_a_twentieth_of_a_voxel(tilt):
    source = centred((48, 48, 48), np.eye(3), 1.0)
    target = centred((20, 20, 20), tilted(tilt), 0.9)
    error = resample(wave(source), source, target, 3) - wave(target)
    # The steepest slope is below 0.45 a mm, so this error is a shift of less than 0.05 mm.
    assert np.abs(error).max() < 0.02


def test_both_ways_of_resampling_agree():
    source = centred((30, 30, 30), np.eye(3), 1.0)
    values = np.random.default_rng(0).random(source.shape, dtype=np.float32)
    parallel = centred((15, 16, 17), np.eye(3), 1.7)
    # This little more than nothing is too much for the axes to count as parallel.
    oblique = centred((15, 16, 17), tilted((0.02, 0.02, 0.02)), 1.7)
    for order in (1, 3):
        difference = resample(values, source, parallel, order) - resample(
            values, source, oblique, order
        )
        assert np.abs(difference[1:-1, 1:-1, 1:-1]).max() < 0.02


@given(grids(), st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_labels_survive_the_way_to_canonical_order_and_back(grid, seed):
    labels = np.random.default_rng(seed).integers(0, 300, grid.shape).astype(np.uint16)
    canonical = canonical_grid(grid, tuple(reordered(grid).spacing))
    back = resample(resample(labels, grid, canonical), canonical, grid)
    assert back.dtype == np.uint16
    assert np.array_equal(back, labels)


def test_linear_values_on_the_same_voxels_are_unchanged_in_any_orientation():
    source = centred((8, 9, 10), np.eye(3), (0.5, 1.0, 2.0))
    values = np.random.default_rng(1).random(source.shape, dtype=np.float32)
    for directions in ORIENTATIONS:
        axes = np.abs(directions).argmax(axis=0)
        shape = tuple(np.array(source.shape)[axes])
        target = centred(shape, directions, source.spacing[axes])
        expected = values.transpose(axes)[
            tuple(slice(None, None, int(sign)) for sign in directions[axes, range(3)])
        ]
        assert np.allclose(resample(values, source, target, 1), expected, atol=1e-6)
        assert np.array_equal(resample(values, source, target, 0), expected)


def test_memory_order_does_not_matter():
    source = centred((8, 9, 10), np.eye(3), 1.0)
    target = centred((5, 6, 7), np.eye(3), 1.5)
    values = np.random.default_rng(2).random(source.shape, dtype=np.float32)
    for order in (0, 1, 3):
        assert np.allclose(
            resample(values, source, target, order),
            resample(np.asfortranarray(values), source, target, order),
        )


@pytest.mark.parametrize("tilt", [(0, 0, 0), (5, 5, 5)])
@pytest.mark.parametrize("order", [0, 1, 3])
def test_outside_of_the_scan_there_is_the_fill_value_and_at_its_rim_the_scan(order, tilt):
    source = centred((10, 10, 10), np.eye(3), 2.0)
    target = centred((30, 30, 30), tilted(tilt), 1.0)
    result = resample(np.full(source.shape, 5, np.uint8), source, target, order, fill=9)
    index = (positions(target) - source.affine[:3, 3]) @ np.linalg.inv(source.affine[:3, :3]).T
    beyond = np.maximum(-0.5 - index, index - 9.5).max(axis=-1)
    assert (result[beyond > 0.01] == 9).all()
    assert np.allclose(result[beyond < -0.01], 5, atol=1e-5)


@pytest.mark.parametrize("tilt", [(0, 0, 0), (3, 4, 5)])
def test_a_coarser_grid_shows_no_pattern_of_what_it_cannot_resolve(tilt):
    source = centred((64, 64, 64), np.eye(3), 0.5)
    stripes = (np.indices(source.shape)[0] % 2).astype(np.float32)
    target = centred((12, 12, 12), tilted(tilt), 2.0)
    result = resample(stripes, source, target, 1)
    assert np.abs(result - 0.5).max() < 0.01


def test_smoothing_moves_nothing():
    source = centred((60, 60, 60), np.eye(3), 0.5)
    target = centred((10, 10, 10), np.eye(3), 2.0)
    assert np.abs(resample(plane(source), source, target, 1) - plane(target)).max() < 1e-2


def test_channels_are_resampled_each_like_a_volume():
    source = centred((10, 11, 12), np.eye(3), 1.0)
    target = centred((7, 8, 9), np.diag([-1, 1, -1]), 1.3)
    values = np.random.default_rng(3).random((*source.shape, 3), dtype=np.float32)
    for order in (0, 1):
        result = resample(values, source, target, order)
        assert result.shape == (7, 8, 9, 3)
        for channel in range(3):
            single = resample(values[..., channel], source, target, order)
            assert np.array_equal(result[..., channel], single)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.float64])
def test_nearest_keeps_the_type_and_the_values(dtype):
    source = centred((6, 6, 6), np.eye(3), 1.0)
    values = np.random.default_rng(4).integers(0, 2, source.shape).astype(dtype)
    for tilt in ((0, 0, 0), (10, 10, 10)):
        result = resample(values, source, centred((6, 6, 6), tilted(tilt), 0.7))
        assert result.dtype == dtype
        assert set(np.unique(result)) <= {0, 1}


def test_two_slices_are_enough():
    source = centred((2, 3, 2), np.eye(3), (1.0, 1.0, 3.0))
    for order in (0, 1, 3):
        result = resample(np.ones(source.shape), source, canonical_grid(source, 1.0), order)
        assert result.shape == (2, 3, 6)
        assert np.allclose(result, 1)


def test_data_of_another_shape_or_an_unknown_order_are_refused():
    grid = Grid((4, 4, 4), np.eye(4))
    with pytest.raises(ValueError, match="do not lie on a grid"):
        resample(np.zeros((4, 4, 5)), grid, grid)
    with pytest.raises(ValueError, match="order 2"):
        resample(np.zeros((4, 4, 4)), grid, grid, order=2)


@pytest.mark.parametrize("stack", ["stack-1", "stack-5"])
def test_a_real_anisotropic_stack_goes_to_the_canonical_grid_and_back(fetal_stacks, stack):
    image = read_volume(fetal_stacks / f"{stack}_T2w.nii.gz")
    mask = read_labelmap(fetal_stacks / f"{stack}_brain_mask.nii.gz")
    assert image.grid.mismatch(mask.grid) is None
    canonical = canonical_grid(image.grid, 1.0)
    back = resample(resample(mask.data, image.grid, canonical), canonical, image.grid)
    overlap = 2 * np.count_nonzero(back & mask.data) / (back.sum() + mask.data.sum())
    assert overlap > 0.97
    smooth = resample(image.data, image.grid, canonical, 1)
    again = resample(smooth, canonical, image.grid, 1)
    assert np.corrcoef(again.ravel(), image.data.ravel())[0, 1] > 0.98
