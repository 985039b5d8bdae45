"""The most probable leaf is found in boxes and slabs, and is the one of the whole volume."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from partialseg_trainer.inference.most_probable import count_slabs, most_probable
from partialseg_trainer.volumes import Grid, canonical_grid, resample
from partialseg_trainer.volumes.preprocessing import AXES, Prepared, from_slices

LEAVES = 7
AXIAL_RAS = np.diag([1.0, 1.1, 1.2, 1.0])
THICK_REORDERED = np.array([[0, 0, -3.5, 9], [0.7, 0, 0, 4], [0, -0.8, 0, -2], [0, 0, 0, 1.0]])


def prepared_on(affine, shape, axis):
    """A scan of that grid, all of it foreground, and smooth probabilities of where leaves are."""
    native = Grid(shape, affine)
    grid = canonical_grid(native, 1.3)
    rng = np.random.default_rng(0)
    logits = [60 * gaussian_filter(rng.standard_normal(grid.shape), 2.5) for _ in range(LEAVES)]
    leaves = torch.tensor(np.stack(logits), dtype=torch.float32).softmax(0).half()
    leaves = leaves.movedim(1 + AXES.index(axis), 1).contiguous()
    slices = np.zeros(leaves.shape[1:], np.float32)
    return leaves, Prepared(slices, grid, native, (0, 0, 0), axis)


def whole(leaves, prepared, values=None):
    """The slabs put together, and what was asked for on the way checked."""
    values = np.arange(len(leaves), dtype=np.uint8) if values is None else values
    asked = []

    def part(near):
        asked.append(near.start)
        return leaves[:, near]

    found = np.full(prepared.native.shape, 77, values.dtype)
    best = np.full(prepared.native.shape, np.nan, np.float32)
    slabs = list(most_probable(part, values, prepared, torch.device("cpu")))
    for place, of_slab, p in slabs:
        assert np.isnan(best[place]).all(), "no voxel is in two slabs"
        assert of_slab.dtype == (np.uint8 if values.max() < 256 else np.int32)
        found[place], best[place] = of_slab, p
    assert not np.isnan(best).any()
    assert asked == sorted(asked) and len(slabs) == len(asked) == count_slabs(prepared)
    return found, best


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize(
    ("affine", "shape"), [(AXIAL_RAS, (40, 30, 37)), (THICK_REORDERED, (34, 41, 12))]
)
def test_it_is_the_leaf_that_interpolating_all_leaves_everywhere_finds(axis, affine, shape):
    leaves, prepared = prepared_on(affine, shape, axis)
    everywhere = np.stack(
        [
            resample(from_slices(leaf, axis), prepared.grid, prepared.native, order=1)
            for leaf in leaves.numpy()
        ]
    )
    found, best = whole(leaves, prepared)
    assert set(np.unique(found)) == set(range(LEAVES))
    # Two leaves may be equally probable, but for rounding.
    chosen = np.take_along_axis(everywhere, found[None].astype(int), axis=0)[0]
    assert np.allclose(chosen, everywhere.max(0), atol=1e-6)
    assert np.mean(found == everywhere.argmax(0)) > 0.9999
    assert np.allclose(best, everywhere.max(0), atol=1e-6)


def test_many_leaves_have_numbers_of_two_bytes():
    leaves, prepared = prepared_on(AXIAL_RAS, (10, 10, 10), "axial")
    many = torch.cat([torch.zeros(300, *leaves.shape[1:], dtype=torch.half), leaves])
    found, _ = whole(many, prepared, np.arange(len(many), dtype=np.uint16))
    assert found.max() == 306


def test_values_may_take_two_bytes():
    leaves, prepared = prepared_on(AXIAL_RAS, (10, 10, 10), "axial")
    numbers, _ = whole(leaves, prepared)
    values = np.array([0, 5, 255, 256, 3, 65535, 1000], dtype=np.uint16)
    found, _ = whole(leaves, prepared, values)
    assert np.array_equal(found, values[numbers])
