"""Grids of any orientation, tilt and spacing for the tests."""

import itertools

import nibabel
import numpy as np
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from partialseg_trainer.volumes import Grid

# Every way in which three axes can run along the body's, up to tilt: 6 orders, 8 signs.
ORIENTATIONS = [
    np.diag(signs) @ np.eye(3)[:, list(order)]
    for order in itertools.permutations(range(3))
    for signs in itertools.product((-1, 1), repeat=3)
]


def affine_of(directions, spacing, origin=(0, 0, 0)):
    affine = np.eye(4)
    affine[:3, :3] = directions * np.asarray(spacing)
    affine[:3, 3] = origin
    return affine


def tilted(angles):
    """Rotation by three angles in degrees."""
    return Rotation.from_euler("xyz", angles, degrees=True).as_matrix()


@st.composite
def grids(draw):
    """Any of the 48 orientations, tilted or not, with any spacing."""
    directions = draw(st.sampled_from(ORIENTATIONS))
    tilt = tilted(draw(st.tuples(*[st.floats(-15, 15)] * 3)))
    spacing = draw(st.tuples(*[st.floats(0.4, 4)] * 3))
    origin = draw(st.tuples(*[st.floats(-100, 100)] * 3))
    shape = draw(st.tuples(*[st.integers(2, 20)] * 3))
    return Grid(shape, affine_of(tilt @ directions, spacing, origin))


def reordered(grid):
    """The same voxels with their axes closest to RAS, by nibabel's own account."""
    image = nibabel.as_closest_canonical(nibabel.Nifti1Image(np.zeros(grid.shape), grid.affine))
    return Grid(image.shape, image.affine)
