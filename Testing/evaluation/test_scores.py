"""The scores of one scan: equal to MONAI's, in mm, and explicit where something is missing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blobs import SPACING, blob, labelmap
from partialseg_trainer.errors import UserError
from partialseg_trainer.evaluation import score
from partialseg_trainer.evaluation.surface import surface, surface_distances
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.volumes import Volume

ONE = LabelScheme.from_dict({"name": "one", "labels": [{"name": "brain", "value": 1}]})


@pytest.fixture(scope="module")
def dhcp9() -> LabelScheme:
    return LabelScheme.load("dhcp9")


def by_label(scores):
    return {row.label: row for row in scores}


def monai_scores(prediction: np.ndarray, truth: np.ndarray, spacing) -> tuple[float, ...]:
    import torch
    from monai.metrics import DiceMetric, HausdorffDistanceMetric, SurfaceDistanceMetric

    masks = [torch.from_numpy(mask)[None, None].float() for mask in (prediction, truth)]
    return (
        DiceMetric()(*masks).item(),
        HausdorffDistanceMetric(include_background=True)(*masks, spacing=spacing).item(),
        HausdorffDistanceMetric(include_background=True, percentile=95)(
            *masks, spacing=spacing
        ).item(),
        SurfaceDistanceMetric(include_background=True, symmetric=True)(
            *masks, spacing=spacing
        ).item(),
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("spacing", [SPACING, (1.0, 1.0, 1.0), (3.3, 1.125, 1.125)])
@pytest.mark.parametrize("share", [0.02, 0.3])
def test_smooth_masks_score_as_with_monai(seed, spacing, share):
    prediction, truth = blob(seed, share=share), blob(seed + 100)
    (row,) = score(labelmap(prediction, spacing), labelmap(truth, spacing), ONE)
    expected = monai_scores(prediction, truth, spacing)
    assert (row.dice, row.hd100, row.hd95, row.assd) == pytest.approx(expected, rel=1e-4)


@settings(max_examples=15, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 6), st.integers(2, 6), st.integers(2, 6)),
    seed=st.integers(0, 2**16),
)
def test_random_masks_that_touch_every_border_score_as_with_monai(shape, seed):
    prediction, truth = np.random.default_rng(seed).random((2, *shape)) < 0.5
    prediction.flat[0] = truth.flat[-1] = True
    (row,) = score(labelmap(prediction), labelmap(truth), ONE)
    expected = monai_scores(prediction, truth, SPACING)
    assert (row.dice, row.hd100, row.hd95, row.assd) == pytest.approx(expected, rel=1e-4)


def test_two_voxels_on_one_axis_are_as_far_apart_as_the_spacing_says():
    prediction, truth = np.zeros((2, 5, 5, 5), dtype=bool)
    prediction[1, 2, 1] = truth[1, 2, 3] = True
    (row,) = score(labelmap(prediction), labelmap(truth), ONE)
    assert row.dice == 0
    assert row.hd100 == row.hd95 == row.assd == pytest.approx(2 * SPACING[2])
    assert row.note == ""


def test_the_surface_is_every_voxel_with_a_face_outside_and_the_image_border_counts():
    cube = np.ones((4, 4, 4), dtype=bool)
    inner = np.zeros_like(cube)
    inner[1:3, 1:3, 1:3] = True
    assert np.array_equal(surface(cube), cube & ~inner)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=10, deadline=None)
def test_scores_are_symmetric_but_for_the_sign_of_the_volume_difference(seed):
    first, second = labelmap(blob(seed)), labelmap(blob(seed + 1, share=0.2))
    (there,), (back,) = score(first, second, ONE), score(second, first, ONE)
    assert (there.dice, there.hd100, there.hd95) == (back.dice, back.hd100, back.hd95)
    assert there.assd == pytest.approx(back.assd)
    assert there.volume_difference_ml == -back.volume_difference_ml


def test_cropping_to_the_box_around_the_union_changes_no_distance():
    first, second = np.zeros((2, 40, 38, 30), dtype=bool)
    first[8:32, 9:29, 8:22], second[8:32, 9:29, 8:22] = blob(1), blob(2)
    whole = surface_distances(first, second, SPACING)
    (row,) = score(labelmap(first), labelmap(second), ONE)
    assert row.hd100 == whole.hausdorff()
    assert row.hd95 == whole.hausdorff(95)
    assert row.assd == pytest.approx(whole.mean())


def test_volumes_are_in_ml_on_an_oblique_grid(dhcp9):
    affine = np.array([[1.6, 1.2, 0, 5], [-1.2, 1.6, 0, 7], [0, 0, 2.5, 9], [0, 0, 0, 1.0]])
    data = np.zeros((6, 6, 6), dtype=np.uint8)
    data[:2, :, :] = dhcp9["dgm"].value
    truth = data.copy()
    truth[0, 0, 0] = 0
    row = by_label(score(Volume(data, affine), Volume(truth, affine), dhcp9))["dgm"]
    assert row.volume_ml == pytest.approx(72 * 10 / 1000)
    assert row.truth_ml == pytest.approx(71 * 10 / 1000)
    assert row.volume_difference_ml == pytest.approx(0.01)


def test_a_super_label_is_scored_as_the_union_of_its_parts(dhcp9):
    truth, prediction = np.zeros((2, 8, 8, 8), dtype=np.uint8)
    truth[2:6, 2:6, 2:6] = dhcp9["wm"].value
    prediction[2:6, 2:6, 2:6] = dhcp9["cgm"].value
    rows = by_label(score(labelmap(prediction), labelmap(truth), dhcp9))
    assert list(rows) == list(dhcp9.names)
    assert (rows["tcv"].dice, rows["tcv"].hd100) == (1, 0)
    assert rows["wm"].dice == 0


def test_nothing_in_both_one_or_the_other_is_said_and_never_a_perfect_score(dhcp9):
    truth, prediction = np.zeros((2, 6, 6, 6), dtype=np.uint8)
    truth[:3] = dhcp9["csf"].value
    prediction[3:] = dhcp9["brainstem"].value
    rows = by_label(score(labelmap(prediction), labelmap(truth), dhcp9))
    assert (rows["csf"].dice, rows["csf"].note) == (0, "missing in prediction")
    assert (rows["brainstem"].dice, rows["brainstem"].note) == (0, "absent in truth")
    assert (rows["dgm"].dice, rows["dgm"].note) == (None, "absent in both")
    for name in ("csf", "brainstem", "dgm"):
        assert (rows[name].hd100, rows[name].hd95, rows[name].assd) == (None, None, None)
    assert rows["dgm"].volume_difference_ml == 0


def test_parts_that_the_truth_leaves_open_are_not_scored(dhcp9):
    truth, prediction = np.zeros((2, 6, 6, 6), dtype=np.uint8)
    truth[1:4] = dhcp9["tcv"].value
    prediction[1:4] = dhcp9["dgm"].value
    rows = by_label(score(labelmap(prediction), labelmap(truth), dhcp9))
    assert rows["tcv"].dice == 1
    assert (rows["dgm"].dice, rows["dgm"].truth_ml) == (None, None)
    assert rows["dgm"].note == "unknown in truth"
    assert rows["dgm"].volume_ml > 0
    assert rows["csf"].note == "absent in both"


def test_another_grid_is_refused(dhcp9):
    data = np.zeros((4, 4, 4), dtype=np.uint8)
    with pytest.raises(UserError, match=r"different grids .*spacing"):
        score(labelmap(data), labelmap(data, (1, 1, 1)), dhcp9)


@pytest.mark.parametrize("role", ["prediction", "truth"])
def test_values_outside_the_scheme_are_refused(dhcp9, role):
    volumes = {name: np.zeros((4, 4, 4), dtype=np.uint16) for name in ("prediction", "truth")}
    volumes[role][0, 0, :2] = 11, 400
    volumes = {name: Volume(data, np.eye(4)) for name, data in volumes.items()}
    with pytest.raises(UserError, match=rf"{role} holds the values 11, 400.*dhcp9"):
        score(volumes["prediction"], volumes["truth"], dhcp9)


def test_precision_recall_and_relative_volume_are_those_of_hand():
    truth, prediction = np.zeros((2, 4, 4, 4), dtype=bool)
    truth[0, :2], prediction[0, :3, 1:] = True, True
    (row,) = score(labelmap(prediction), labelmap(truth), ONE)
    assert (row.precision, row.recall) == (6 / 9, 6 / 8)
    assert row.rvd == pytest.approx(100 / 8)
    nothing = labelmap(np.zeros((4, 4, 4), dtype=bool))
    (missed,) = score(nothing, labelmap(truth), ONE)
    assert (missed.precision, missed.recall, missed.rvd) == (None, 0, -100)
    (invented,) = score(labelmap(truth), nothing, ONE)
    assert (invented.precision, invented.recall, invented.rvd) == (0, None, None)
    assert row.lesion_f1 is None


class TestLesions:
    """Lesion-wise F1 as in the WMH Segmentation Challenge."""

    def f1(self, prediction, truth):
        scheme = LabelScheme.load("wmh-stroke")
        return by_label(score(labelmap(prediction), labelmap(truth), scheme))["wmh"].lesion_f1

    def test_it_is_the_mean_of_lesions_found_and_lesions_that_are_true(self):
        truth, prediction = np.zeros((2, 12, 6, 6), dtype=np.uint8)
        truth[0:2, :2], truth[4:6, :2], truth[8, 0, 0], truth[9, 1, 1] = 1, 1, 1, 1
        # One piece over two lesions, and two where nothing is; the third lesion is missed.
        prediction[1:5, 0, 0], prediction[11, 5], prediction[0, 5, 5] = 1, 1, 1
        recall, precision = 2 / 3, 1 / 3
        expected = 2 * recall * precision / (recall + precision)
        assert self.f1(prediction, truth) == pytest.approx(expected)

    def test_it_is_zero_on_one_side_alone_and_undefined_without_lesions(self):
        nothing, some = np.zeros((2, 4, 4, 4), dtype=np.uint8)
        some[1, 1, 1] = 1
        assert self.f1(nothing, some) == self.f1(some, nothing) == 0
        assert self.f1(nothing, nothing) is None

    def test_only_labels_that_are_lesions_have_it(self, dhcp9):
        assert not any(label.is_lesion for label in dhcp9)
        assert all(label.is_lesion for label in LabelScheme.load("wmh-stroke"))
