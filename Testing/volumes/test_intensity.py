"""Normalised intensities mean the same whatever the scanner and the preprocessing were."""

import numpy as np
import pytest

from partialseg_trainer.volumes import brain_box, foreground, normalise_intensity, read_volume

SHAPE = (40, 48, 44)


def ball(radius=15.0, centre=(20, 24, 22)):
    distance = np.linalg.norm(np.indices(SHAPE).T - np.array(centre), axis=-1).T
    return distance <= radius


BRAIN = ball()


def head(rng=None):
    """A brain of three tissues about 300, 600 and 900, with air around it, not yet masked."""
    rng = rng or np.random.default_rng(0)
    tissue = np.where(ball(8), 300, np.where(ball(12), 600, 900))
    signal = np.where(BRAIN, tissue, 0) + rng.normal(0, 15, SHAPE)
    return np.abs(signal)


SCANS = {
    "skull-stripped float": np.where(BRAIN, head(), 0).astype(np.float32),
    "raw uint16": head().astype(np.uint16),
    "raw int16 in other units": (head() * 30).astype(np.int16),
    "masked, background -1000": np.where(BRAIN, head(), -1000),
    "z-scores, background below zero": np.where(BRAIN, head() / 200 - 3, -5),
    "tiny units": head() * 1e-7,
}


@pytest.mark.parametrize("name", SCANS)
def test_every_kind_of_scan_comes_to_the_same_scale(name):
    result = normalise_intensity(SCANS[name])
    assert result.dtype == np.float32 and result.shape == SHAPE
    assert result.min() == 0 and result.max() == 1
    assert np.median(result[~BRAIN]) < 0.05
    dark, middle, bright = (
        np.median(result[mask]) for mask in (ball(8), ball(12) & ~ball(8), BRAIN & ~ball(12))
    )
    assert dark < middle - 0.2 < bright - 0.4
    assert bright > 0.85


@pytest.mark.parametrize("name", SCANS)
def test_the_unit_does_not_matter(name):
    scan = SCANS[name].astype(np.float64)
    result = normalise_intensity(scan * 7.5 + 3 * scan.max())
    assert np.allclose(result, normalise_intensity(scan), atol=1e-4)


@pytest.mark.parametrize("name", SCANS)
def test_half_a_percent_of_bright_outliers_does_not_darken_the_scan(name):
    scan = SCANS[name].astype(np.float64)
    inside = np.flatnonzero(BRAIN)
    spoiled = scan.ravel().copy()
    spoiled[np.random.default_rng(1).choice(inside, len(inside) // 200, replace=False)] = 1e6
    result = normalise_intensity(spoiled.reshape(SHAPE))
    assert np.abs(np.median(result[BRAIN]) - np.median(normalise_intensity(scan)[BRAIN])) < 0.05


@pytest.mark.parametrize("value", [0, -3, 700])
def test_a_constant_scan_becomes_zero(value):
    assert not normalise_intensity(np.full(SHAPE, value, np.float32)).any()
    assert not foreground(np.full(SHAPE, value, np.float32)).any()


def test_a_scan_of_two_values_becomes_a_mask():
    assert np.array_equal(normalise_intensity(np.where(BRAIN, 40, -7)), BRAIN)


def test_the_input_is_left_as_it_was():
    scan = head().astype(np.float32)
    before = scan.copy()
    normalise_intensity(scan)
    assert np.array_equal(scan, before)


def test_foreground_of_a_masked_scan_is_what_differs_from_its_background():
    scan = SCANS["masked, background -1000"]
    assert np.array_equal(foreground(scan), BRAIN)


def test_foreground_of_a_raw_scan_is_the_bright_part():
    found = foreground(SCANS["raw uint16"])
    assert not found[~BRAIN].any()
    assert found[BRAIN & ~ball(8)].all()


@pytest.mark.parametrize("name", SCANS)
def test_the_box_is_that_of_the_brain(name):
    assert brain_box(SCANS[name]) == (slice(5, 36), slice(9, 40), slice(7, 38))


def test_specks_of_noise_do_not_widen_the_box_of_a_raw_scan():
    scan = head()
    scan[1, 1, 1] = scan[38, 46, 42] = 2000
    assert brain_box(scan) == (slice(5, 36), slice(9, 40), slice(7, 38))


def test_a_margin_ends_at_the_rim_of_the_volume():
    assert brain_box(BRAIN, margin=6) == (slice(0, 40), slice(3, 46), slice(1, 44))


def test_the_box_of_nothing_is_everything():
    assert brain_box(np.zeros(SHAPE)) == tuple(slice(0, size) for size in SHAPE)


def test_the_box_of_a_labelmap_holds_all_its_labels():
    labels = np.zeros(SHAPE, np.uint8)
    labels[3, 4, 5] = labels[30, 40, 20] = 2
    assert brain_box(labels) == (slice(3, 31), slice(4, 41), slice(5, 21))


def test_real_raw_stacks_use_most_of_the_scale(fetal_stacks):
    for stack in ("stack-1", "stack-5"):
        scan = read_volume(fetal_stacks / f"{stack}_T2w.nii.gz").data
        brain = read_volume(fetal_stacks / f"{stack}_brain_mask.nii.gz").data > 0
        low, high = np.percentile(normalise_intensity(scan)[brain], (5, 95))
        assert low < 0.5 < high and high - low > 0.3


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_box_is_that_of_the_largest_piece_whatever_the_boxes_of_others(order):
    """A frame that many voxels lie in, and of which few are, is smaller than a ball within."""
    scan = np.random.default_rng(0).normal(0, 1, (50, 48, 46))
    scan[2, 2, 2:44] = scan[2, 2:46, 2] = scan[2:48, 2, 2] = 100
    scan[20:30, 18:29, 16:25] = 100
    assert brain_box(np.array(scan, order=order)) == (slice(20, 30), slice(18, 29), slice(16, 25))


def test_a_box_is_normalised_as_in_the_whole_scan():
    for scan in SCANS.values():
        box = (slice(3, 30), slice(10, 45), slice(0, 20))
        assert np.array_equal(normalise_intensity(scan, box=box), normalise_intensity(scan)[box])
