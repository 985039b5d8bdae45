"""Confidence maps in the panel: kept with their segmentation, and never taken for a scan."""

import numpy as np
import pytest

SHAPE = (6, 7, 8)


@pytest.fixture
def segmented(panel, logic):
    """A scan with a segmentation and its confidence; a second scan."""
    import slicer

    from PartialSegLib.prediction.confidence import keepConfidence

    scan = slicer.util.addVolumeFromArray(np.ones(SHAPE, np.int16), name="newborn")
    segmentation = logic.addSegmentation(scan)
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(scan)
    confidence = keepConfidence(segmentation, scan, np.full(SHAPE, 80, np.uint8))
    chosen = panel.sections[0].parameterNode
    chosen.inputVolume, chosen.segmentation = scan, segmentation
    return scan, segmentation, confidence


def offered(panel):
    """Names of the scans that can be chosen."""
    from PartialSegLib.panel.segmentNeonate.section import SegmentNeonateSection

    selector = panel.section(SegmentNeonateSection).ui.inputVolumeSelector
    return [selector.nodeFromIndex(row).GetName() for row in range(selector.nodeCount())]


def test_a_confidence_map_is_not_offered_and_not_chosen_when_the_scan_goes(
    panel, segmented, scene, waitFor
):
    from slicer_stand_in.session import settle

    scan, _segmentation, confidence = segmented
    assert offered(panel) == ["newborn"]
    scene.RemoveNode(scan)
    settle()
    chosen = panel.sections[0].parameterNode
    assert chosen.inputVolume is None and offered(panel) == []
    assert confidence.GetScene() is scene


def test_slicers_save_dialog_lists_it_for_it_is_not_hidden_from_all(segmented):
    confidence = segmented[2]
    assert confidence.GetSaveWithScene() and not confidence.GetHideFromEditors()


def test_it_goes_with_its_segmentation(panel, segmented, scene, waitFor):
    _scan, segmentation, confidence = segmented
    scene.RemoveNode(segmentation)
    waitFor(lambda: confidence.GetScene() is None, seconds=5)


def test_it_is_no_scan_in_a_scene_that_is_opened_either(panel, segmented, scene, tmp_path):
    scene.SetURL(str(tmp_path / "scene.mrml"))
    assert scene.Commit()
    scene.Clear(False)
    assert scene.Connect()
    assert offered(panel) == ["newborn"]
