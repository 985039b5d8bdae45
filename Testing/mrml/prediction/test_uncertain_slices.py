"""The slices that are shown for review are those where the model was least sure."""

import numpy as np
import pytest
import slicer
import slicer.util

from nodes import addSegmentation, addTransform, affine, block, paint
from PartialSegLib.engine.steps import finish
from PartialSegLib.prediction.uncertainSlices import SLICE_NORMALS, arrayAxis, uncertainSlices
from PartialSegLib.scene.completedSegments import createCompletedSegments
from PartialSegLib.scene.geometry import kjiToRAS
from PartialSegLib.scene.labelSegments import LabelSegments
from PartialSegLib.scene.segments import createSegments

SHAPE = (40, 44, 48)
BRAIN = block(SHAPE, (6, 6, 6), (34, 38, 42))
# Slices of which ones are axial is not the same in any two of them.
GEOMETRIES = {
    "along RAS": affine(),
    "oblique and anisotropic": affine((0.8, 1.1, 2.4), (17, -12, 25), (9, -30, 40), flip=(0, 1)),
    "sagittal slices": affine((1, 1, 1.5), (90, 0, 90)),
}


@pytest.fixture(params=GEOMETRIES)
def geometry(request):
    return GEOMETRIES[request.param]


def addConfidence(values, matrix):
    return slicer.util.addVolumeFromArray(values.astype(np.uint8), matrix, "confidence")


def addPrediction(confidenceNode, scheme, mask=BRAIN):
    node = addSegmentation(confidenceNode)
    createSegments(node, scheme)
    paint(node, "tcv", mask, confidenceNode)
    return node


def review(node, confidenceNode, scheme, kind="axial"):
    return finish(uncertainSlices(LabelSegments(node, scheme), confidenceNode, kind))


@pytest.mark.parametrize("kind", SLICE_NORMALS)
def test_the_least_sure_spot_is_found_in_slices_of_every_kind(scene, dhcp9, geometry, kind):
    confidence = np.full(SHAPE, 95)
    confidence[block(SHAPE, (18, 20, 26), (23, 25, 31))] = 20
    node = addConfidence(confidence, geometry)
    first = review(addPrediction(node, dhcp9), node, dhcp9, kind)[0]
    middle = (kjiToRAS(node) @ [20, 22, 28, 1])[:3]
    assert np.linalg.norm(np.array(first.ras) - middle) < 5
    found = np.linalg.inv(kjiToRAS(node)) @ [*first.ras, 1]
    assert found[arrayAxis(kjiToRAS(node), kind)] == pytest.approx(first.index)


def test_uncertainty_is_the_mean_over_what_was_found_and_its_neighbourhood(scene, dhcp9):
    confidence = np.full(SHAPE, 100)
    confidence[20, 6:38, 6:42] = 60
    node = addConfidence(confidence, affine())
    first = review(addPrediction(node, dhcp9), node, dhcp9)[0]
    region = (32 + 6) * (36 + 6)  # 3 mm on each side
    assert first.index == 20
    assert first.uncertainty == pytest.approx(0.4 * 32 * 36 / region)


def test_a_structure_missed_at_the_border_counts_and_doubt_far_outside_does_not(scene, dhcp9):
    confidence = np.full(SHAPE, 100)
    confidence[15, 39:41, :] = 10
    confidence[25, :, :3] = 10
    node = addConfidence(confidence, affine())
    first, *others = review(addPrediction(node, dhcp9), node, dhcp9)
    assert first.index == 15
    assert max(slice_.uncertainty for slice_ in others) == 0


def test_neighbours_are_not_listed_one_after_the_other(scene, dhcp9, geometry):
    confidence = np.random.default_rng(0).integers(40, 101, SHAPE)
    confidence[15:25] -= 30
    node = addConfidence(confidence, geometry)
    prediction = addPrediction(node, dhcp9)
    for kind in SLICE_NORMALS:
        slices = review(prediction, node, dhcp9, kind)
        spacing = np.linalg.norm(geometry[:3, 2 - arrayAxis(kjiToRAS(node), kind)])
        positions = np.array([slice_.index for slice_ in slices]) * spacing
        distances = np.abs(positions[:, None] - positions) + 99 * np.eye(len(slices))
        assert len(slices) >= 4 and distances.min() > 5
        doubts = [slice_.uncertainty for slice_ in slices]
        assert doubts == sorted(doubts, reverse=True)


def test_slices_that_hardly_touch_the_brain_are_left_out(scene, dhcp9):
    mask = BRAIN.copy()
    mask[34:38, 20, 20] = True
    confidence = np.full(SHAPE, 90)
    confidence[37] = 10
    node = addConfidence(confidence, affine())
    slices = review(addPrediction(node, dhcp9, mask), node, dhcp9)
    assert max(slice_.index for slice_ in slices) <= 36


def test_places_are_in_the_world_when_scan_and_prediction_are_under_a_transform(scene, dhcp9):
    confidence = np.full(SHAPE, 100)
    confidence[block(SHAPE, (18, 18, 18), (23, 23, 23))] = 20
    node = addConfidence(confidence, affine())
    prediction = addPrediction(node, dhcp9)
    turn = affine(degrees=(0, 0, 90), origin=(100, 0, 0))
    for each in (node, prediction):
        each.SetAndObserveTransformNodeID(addTransform(turn).GetID())
    for kind in SLICE_NORMALS:
        ras = np.array(review(prediction, node, dhcp9, kind)[0].ras)
        assert np.linalg.norm(ras - (turn @ [20, 20, 20, 1])[:3]) < 4


def test_where_nothing_was_found_there_is_nothing_to_review(scene, dhcp9):
    node = addConfidence(np.full(SHAPE, 50), affine())
    assert review(addPrediction(node, dhcp9, np.zeros(SHAPE, bool)), node, dhcp9) == []
    assert review(addSegmentation(node), node, dhcp9) == []


def test_no_axis_serves_two_kinds_of_slices_even_halfway_between_them():
    for degrees in ((45, 0, 0), (0, 45, 45), (44, 46, 0), (30, 60, 45)):
        matrix = affine((1, 1, 2), degrees)[:, [2, 1, 0, 3]]
        assert sorted(arrayAxis(matrix, kind) for kind in SLICE_NORMALS) == [0, 1, 2]


def test_the_nodes_stay_as_they_are(scene, dhcp9):
    node = addConfidence(np.full(SHAPE, 50), affine())
    prediction = addPrediction(node, dhcp9)
    before = (scene.GetNumberOfNodes(), node.GetMTime(), prediction.GetMTime())
    review(prediction, node, dhcp9)
    assert (scene.GetNumberOfNodes(), node.GetMTime(), prediction.GetMTime()) == before


def test_what_a_completion_found_beside_a_label_is_looked_at_too(scene, dhcp9):
    confidence = np.full(SHAPE, 95)
    confidence[block(SHAPE, (28, 30, 34), (32, 34, 38))] = 20
    node = addConfidence(confidence, GEOMETRIES["along RAS"])
    segmentation = addPrediction(node, dhcp9, block(SHAPE, (6, 6, 6), (10, 10, 10)))
    beside = createCompletedSegments(segmentation, dhcp9, ["tcv"])
    paint(segmentation, beside["tcv"], BRAIN, node)
    assert 28 <= review(segmentation, node, dhcp9)[0].index < 32
