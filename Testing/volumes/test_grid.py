"""Grids: where voxels lie, how two grids differ, and the canonical grid of a scan."""

import itertools

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oriented_grids import affine_of, grids, reordered
from partialseg_trainer.volumes import Grid, canonical_grid


def edges(grid):
    """The eight outer corners of the field of view, voxel edges included."""
    return grid.ras([*itertools.product(*[(-0.5, size - 0.5) for size in grid.shape])])


def test_position_and_spacing_follow_the_affine():
    grid = Grid((4, 5, 6), affine_of(np.diag([-1, 1, 1]), (0.5, 1, 2), (10, 20, 30)))
    assert grid.spacing == pytest.approx([0.5, 1, 2])
    assert grid.ras((2, 1, 1)) == pytest.approx([9, 21, 32])


def test_equal_grids_are_equal_and_hash_alike():
    grid, same = (Grid((2, 3, 4), np.eye(4)) for _ in range(2))
    assert grid == same and hash(grid) == hash(same)
    assert grid != Grid((2, 3, 5), np.eye(4))


def test_the_affine_of_a_grid_cannot_be_changed_from_outside():
    affine = np.eye(4)
    grid = Grid((2, 2, 2), affine)
    affine[0, 3] = 7
    assert grid.affine[0, 3] == 0
    with pytest.raises(ValueError, match="read-only"):
        grid.affine[0, 3] = 7


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (Grid((9, 10, 10), np.eye(4)), "shape is 9 x 10 x 10 voxels, not 10 x 10 x 10"),
        (Grid((10, 10, 10), np.diag([2, 1, 1, 1])), "spacing is 2 x 1 x 1 mm, not 1 x 1 x 1 mm"),
        (Grid((10, 10, 10), affine_of(np.eye(3), 1, (3, 0, 0))), "voxels lie up to 3 mm away"),
        (Grid((10, 10, 10), affine_of(np.diag([-1, 1, 1]), 1)), "voxels lie up to 18 mm away"),
    ],
)
def test_mismatch_says_in_words_what_differs(other, words):
    assert words in other.mismatch(Grid((10, 10, 10), np.eye(4)))


def test_rounding_errors_of_a_header_are_no_mismatch():
    grid = Grid((256, 256, 256), affine_of(np.eye(3), 0.8, (-100, -120, -90)))
    rounded = Grid(grid.shape, grid.affine.astype(np.float32))
    assert grid.mismatch(rounded) is None


@given(grids())
def test_canonical_axes_are_closest_to_right_anterior_superior(grid):
    canonical = canonical_grid(grid, 1.0)
    assert nibabel.aff2axcodes(canonical.affine) == ("R", "A", "S")
    assert canonical.spacing == pytest.approx([1, 1, 1])


@given(grids(), st.floats(0.5, 3))
def test_canonical_grid_covers_the_scan_about_the_same_centre(grid, spacing):
    canonical = canonical_grid(grid, spacing)
    assert edges(canonical).mean(axis=0) == pytest.approx(edges(grid).mean(axis=0), abs=1e-6)
    index = (edges(grid) - canonical.affine[:3, 3]) @ np.linalg.inv(canonical.affine[:3, :3]).T
    assert (index > -0.5 - 1e-4).all()
    assert (index < np.array(canonical.shape) - 0.5 + 1e-4).all()
    assert (np.array(canonical.shape) <= np.ceil(np.ptp(index, axis=0) + 1e-3)).all()


@given(grids())
def test_canonical_grid_at_the_own_spacing_only_reorders_and_flips(grid):
    expected = reordered(grid)
    canonical = canonical_grid(grid, tuple(expected.spacing))
    assert canonical.shape == expected.shape
    assert np.allclose(canonical.affine, expected.affine, atol=1e-9)


def test_an_anisotropic_spacing_can_be_asked_for():
    canonical = canonical_grid(Grid((10, 10, 10), np.eye(4)), (1.0, 2.0, 0.5))
    assert canonical.shape == (10, 5, 20)
    assert canonical.spacing == pytest.approx([1, 2, 0.5])
