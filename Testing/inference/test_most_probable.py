"""The most probable leaf, of all or of S, is found in boxes and slabs: that of the whole volume."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from partialseg_trainer.inference.most_probable import count_slabs, most_probable
from partialseg_trainer.labels import LabelScheme, LabelSets
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


def whole(leaves, prepared, values=None, **options):
    """The slabs put together, and what was asked for on the way checked."""
    values = np.arange(len(leaves), dtype=np.uint8) if values is None else values
    asked = []

    def part(near):
        asked.append(near.start)
        return leaves[:, near]

    found = np.full(prepared.native.shape, 77, values.dtype)
    best = np.full(prepared.native.shape, np.nan, np.float32)
    slabs = list(most_probable(part, values, prepared, torch.device("cpu"), **options))
    for place, of_slab, p in slabs:
        assert np.isnan(best[place]).all(), "no voxel is in two slabs"
        assert of_slab.dtype == (np.uint8 if values.max() < 256 else np.int32)
        found[place], best[place] = of_slab, p
    assert not np.isnan(best).any()
    assert asked == sorted(asked) and len(slabs) == len(asked) == count_slabs(prepared)
    return found, best


def interpolated(leaves, prepared):
    """(L, X, Y, Z) the probabilities of all leaves everywhere."""
    return np.stack(
        [
            resample(from_slices(leaf, prepared.axis), prepared.grid, prepared.native, order=1)
            for leaf in leaves.numpy()
        ]
    )


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize(
    ("affine", "shape"), [(AXIAL_RAS, (40, 30, 37)), (THICK_REORDERED, (34, 41, 12))]
)
def test_it_is_the_leaf_that_interpolating_all_leaves_everywhere_finds(axis, affine, shape):
    leaves, prepared = prepared_on(affine, shape, axis)
    everywhere = interpolated(leaves, prepared)
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


def flat_scheme(leaves):
    labels = [{"name": f"l{value}", "value": value} for value in range(1, leaves)]
    return LabelScheme.from_dict({"name": "flat", "labels": labels})


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize(
    ("affine", "shape"), [(AXIAL_RAS, (40, 30, 37)), (THICK_REORDERED, (34, 41, 12))]
)
def test_it_is_the_best_leaf_of_s_however_little_probable(axis, affine, shape):
    leaves, prepared = prepared_on(affine, shape, axis)
    everywhere = interpolated(leaves, prepared)
    rng = np.random.default_rng(1)
    # Sets of any size, among them all leaves and one leaf, in pieces of several voxels.
    sets = rng.random((30, LEAVES)) < rng.random((30, 1))
    sets[np.arange(30), rng.integers(LEAVES, size=30)] = True
    sets[0] = True
    coarse = rng.integers(30, size=[size // 3 + 1 for size in shape])
    codes = coarse.repeat(3, 0).repeat(3, 1).repeat(3, 2)[tuple(map(slice, shape))]
    known = LabelSets(flat_scheme(LEAVES), codes.astype(np.uint8), sets)
    within = np.where(sets.T[:, codes], everywhere, -1)
    for summed in (False, True):
        found, best = whole(leaves, prepared, known=known, summed=summed)
        chosen = np.take_along_axis(within, found[None].astype(int), axis=0)[0]
        assert np.allclose(chosen, within.max(0), atol=1e-6)
    total = np.where(sets.T[:, codes], everywhere, 0).sum(0)
    told = total > 1e-3
    assert np.allclose(best[told], within.max(0)[told] / total[told], atol=0.02 * LEAVES)
    assert (best[sets.sum(1)[codes] == 1] == 1).all()


def test_where_nothing_is_known_all_is_as_without():
    leaves, prepared = prepared_on(AXIAL_RAS, (20, 22, 40), "axial")
    sets = np.ones((2, LEAVES), bool)
    sets[1, :3] = False
    codes = np.zeros((20, 22, 40), np.uint8)
    nothing = LabelSets(flat_scheme(LEAVES), codes, sets)
    for without, known in zip(
        whole(leaves, prepared), whole(leaves, prepared, known=nothing, summed=True), strict=True
    ):
        assert np.array_equal(without, known)
    codes = codes.copy()
    codes[:, :, :5] = 1
    partly = LabelSets(flat_scheme(LEAVES), codes, sets)
    found, _ = whole(leaves, prepared, known=partly, summed=True)
    assert np.array_equal(found[:, :, 5:], whole(leaves, prepared)[0][:, :, 5:])


def test_where_no_leaf_of_s_has_any_probability_it_is_the_first_of_them():
    leaves, prepared = prepared_on(AXIAL_RAS, (10, 10, 10), "axial")
    leaves[:] = 0
    leaves[0] = 1
    sets = np.zeros((1, LEAVES), bool)
    sets[0, [2, 5]] = True
    known = LabelSets(flat_scheme(LEAVES), np.zeros((10, 10, 10), np.uint8), sets)
    found, best = whole(leaves, prepared, known=known, summed=True)
    assert (found == 2).all() and (best == 0).all()
