"""A randomised scan shows the anatomy of its model in another look, and knows as much about it."""

import numpy as np
import pytest

from partialseg_trainer.dataset import hide_labels
from partialseg_trainer.labels import LabelScheme, LabelSets
from partialseg_trainer.synthesis import Variation, make_phantom, randomise
from partialseg_trainer.volumes import Volume

SCHEME = LabelScheme.load("dhcp9")
STILL = Variation(scale=(1, 1), rotation=0, shear=0, displacement=(0, 0), coarse=0)


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(1, spacing=2.0)


@pytest.fixture(scope="module")
def sets(phantom):
    return LabelSets.from_labelmap(SCHEME, phantom.labelmap.data)


def test_a_seed_makes_one_scan_and_another_seed_another(phantom, sets):
    first, _ = randomise(phantom.image, sets, np.random.default_rng(0))
    again, _ = randomise(phantom.image, sets, np.random.default_rng(0))
    other, _ = randomise(phantom.image, sets, np.random.default_rng(1))
    np.testing.assert_array_equal(first.data, again.data)
    assert np.abs(first.data - other.data).mean() > 0.01


@pytest.mark.parametrize("seed", range(4))
def test_intensities_are_those_that_training_expects(phantom, sets, seed):
    scan, _ = randomise(phantom.image, sets, np.random.default_rng(seed))
    assert scan.data.dtype == np.float32
    assert scan.data.min() >= 0 and scan.data.max() <= 1
    assert scan.data.std() > 0.01


def test_without_deformation_the_annotation_stays_where_it_was(phantom, sets):
    scan, kept = randomise(phantom.image, sets, np.random.default_rng(0), STILL)
    np.testing.assert_array_equal(kept.labelmap(), phantom.labelmap.data)
    np.testing.assert_array_equal(scan.affine, phantom.image.affine)


def test_every_structure_survives_a_deformation(phantom, sets):
    for seed in range(3):
        _, moved = randomise(phantom.image, sets, np.random.default_rng(seed))
        for name in ("tcv", "ventricles", "cerebellum", "brainstem", "dgm"):
            before, after = (np.count_nonzero(s.value_of(name) == 1) for s in (sets, moved))
            assert 0.5 < after / before < 1.6, (seed, name)


def test_the_head_grows_by_its_voxels(phantom, sets):
    larger = Variation(scale=(1.5, 1.5))
    scan, _ = randomise(phantom.image, sets, np.random.default_rng(0), larger)
    np.testing.assert_allclose(scan.spacing, 1.5 * phantom.image.spacing)


def test_what_was_unknown_stays_unknown(phantom, sets):
    partial = hide_labels(sets, ("cgm", "wm", "dgm"))
    _, moved = randomise(phantom.image, partial, np.random.default_rng(0))
    np.testing.assert_array_equal(moved.value_of("wm") == 2, moved.value_of("tcv") == 1)


def test_a_masked_scan_stays_masked(phantom, sets):
    brain = sets.value_of("tcv") == 1
    masked = Volume(np.where(brain, phantom.image.data, 0).astype(np.float32), phantom.image.affine)
    scan, moved = randomise(masked, sets, np.random.default_rng(0), STILL)
    assert not scan.data[moved.value_of("tcv") != 1].any()
    assert scan.data[moved.value_of("tcv") == 1].mean() > 0


def test_tissues_lose_their_order_of_brightness_unless_it_is_kept(phantom, sets):
    """Ventricles are brighter than cortex in T2; at random, now brighter and now darker."""

    def brighter(own_contrast):
        variation = Variation(own_contrast=own_contrast, coarse=0, noise=(0, 0), bias=(0, 0))
        for seed in range(8):
            scan, at = randomise(phantom.image, sets, np.random.default_rng(seed), variation)
            means = [scan.data[at.value_of(name) == 1].mean() for name in ("ventricles", "cgm")]
            yield means[0] > means[1]

    assert all(brighter(1.0))
    assert len(set(brighter(0.0))) == 2
