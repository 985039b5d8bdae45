"""A super-label does not hide its parts, and what a user chooses for it stays."""

import numpy as np
import pytest

from PartialSegLib.prediction.results import loadPrediction
from PartialSegLib.samples.annotation import addAnnotation
from PartialSegLib.scene.labelDisplay import showParts
from PartialSegLib.scene.labelSegments import LabelSegments


def filled(node):
    """Names of the segments that are filled in slice views."""
    display = node.GetDisplayNode()
    return {
        name
        for name in node.GetSegmentation().GetSegmentIDs()
        if display.GetSegmentVisibility2DFill(name)
    }


def paint(node, scan, name, mask=1):
    import slicer

    shape = slicer.util.arrayFromVolume(scan).shape
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        np.full(shape, mask, np.uint8), node, name, scan
    )


@pytest.fixture
def labelmap(scan, dhcp9):
    import slicer

    labelmap = np.full(slicer.util.arrayFromVolume(scan).shape, dhcp9["wm"].value, np.uint8)
    labelmap[:4] = dhcp9["csf"].value
    return labelmap


def test_a_super_label_of_a_result_is_an_outline_and_its_parts_are_filled(scan, labelmap, dhcp9):
    node = loadPrediction(labelmap, dhcp9, scan).segmentationNode
    assert filled(node) == set(dhcp9.names) - {"tcv"}
    assert node.GetDisplayNode().GetSegmentVisibility2DOutline("tcv")


def test_a_sample_is_shown_by_the_same_rule(scan, labelmap, dhcp9):
    assert "tcv" not in filled(addAnnotation(scan, labelmap, dhcp9, dhcp9.names))
    assert "tcv" in filled(addAnnotation(scan, labelmap, dhcp9, ["tcv", "csf"]))


def test_a_super_label_becomes_an_outline_with_its_first_part_and_is_filled_without(
    node, scan, dhcp9
):
    paint(node, scan, "tcv")
    showParts(LabelSegments(node, dhcp9))
    assert "tcv" in filled(node)
    paint(node, scan, "dgm")
    showParts(LabelSegments(node, dhcp9))
    assert "tcv" not in filled(node)
    paint(node, scan, "dgm", 0)
    showParts(LabelSegments(node, dhcp9))
    assert "tcv" in filled(node)


def test_what_a_user_chooses_stays(node, scan, dhcp9):
    for name in ("tcv", "dgm"):
        paint(node, scan, name)
    showParts(LabelSegments(node, dhcp9))
    node.GetDisplayNode().SetSegmentVisibility2DFill("tcv", True)
    node.GetDisplayNode().SetSegmentVisibility2DFill("dgm", False)
    paint(node, scan, "wm")
    showParts(LabelSegments(node, dhcp9))
    assert "tcv" in filled(node) and "dgm" not in filled(node)


def test_the_choice_is_saved_with_the_scene(node, scan, dhcp9, scene, tmp_path):
    for name in ("tcv", "dgm"):
        paint(node, scan, name)
    showParts(LabelSegments(node, dhcp9))
    node.GetDisplayNode().SetSegmentVisibility2DFill("tcv", True)
    node.AddDefaultStorageNode()
    node.GetStorageNode().SetFileName(str(tmp_path / "drawn.seg.nrrd"))
    assert node.GetStorageNode().WriteData(node)
    scene.SetURL(str(tmp_path / "scene.mrml"))
    assert scene.Commit()
    scene.Clear(True)
    assert scene.Connect()
    again = scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    showParts(LabelSegments(again, dhcp9))
    assert "tcv" in filled(again)
