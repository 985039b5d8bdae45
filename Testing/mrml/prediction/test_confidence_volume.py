"""The confidence of a prediction, kept as a volume beside its segments."""

import numpy as np
import pytest
import slicer
import slicer.util

from nodes import addScan, addSegmentation, addTransform, affine
from PartialSegLib.prediction.confidence import confidenceOf, keepConfidence
from PartialSegLib.scene.geometry import ijkToRAS
from PartialSegLib.scene.subjectHierarchy import placeBeside

SHAPE = (5, 6, 7)
PERCENT = np.arange(210, dtype=np.uint8).reshape(SHAPE) % 101


@pytest.fixture
def scan(scene):
    node = addScan(affine(spacing=(0.7, 0.8, 1.1), degrees=(15, 0, 8), origin=(3, 4, 5)), SHAPE)
    turn = addTransform(affine(degrees=(0, 30, 0), origin=(10, 0, 0)))
    node.SetAndObserveTransformNodeID(turn.GetID())
    return node


def test_confidence_lies_where_the_scan_does_and_is_found_again_from_the_segments(scan):
    segmentation = addSegmentation(scan)
    assert confidenceOf(segmentation) is None
    node = keepConfidence(segmentation, scan, PERCENT)
    assert confidenceOf(segmentation) is node
    assert node.GetName() == "scan confidence"
    assert np.array_equal(slicer.util.arrayFromVolume(node), PERCENT)
    assert ijkToRAS(node) == pytest.approx(ijkToRAS(scan))
    assert node.GetParentTransformNode() is scan.GetParentTransformNode()


def test_each_segmentation_has_its_own_and_a_second_prediction_replaces_it(scan):
    first, second = addSegmentation(scan), addSegmentation(scan)
    node = keepConfidence(first, scan, PERCENT)
    assert keepConfidence(second, scan, PERCENT) is not node
    assert keepConfidence(first, scan, 100 - PERCENT) is node
    assert np.array_equal(slicer.util.arrayFromVolume(node), 100 - PERCENT)
    assert np.array_equal(slicer.util.arrayFromVolume(confidenceOf(second)), PERCENT)


def test_the_link_is_saved_with_the_scene(scan, scene, tmp_path):
    segmentation = addSegmentation(scan)
    keepConfidence(segmentation, scan, PERCENT)
    scene.SetURL(str(tmp_path / "scene.mrml"))
    scene.Commit()
    text = (tmp_path / "scene.mrml").read_text()
    assert f"PartialSeg.Confidence:{confidenceOf(segmentation).GetID()}" in text


def test_a_new_node_stands_under_the_study_of_its_scan(scan, scene):
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "study")
    hierarchy.CreateItem(study, scan)
    segmentation = addSegmentation(scan)
    item = hierarchy.CreateItem(hierarchy.GetSceneItemID(), segmentation)
    placeBeside(segmentation, scan)
    assert hierarchy.GetItemParent(item) == study
