"""Sections Labels and Segment Editor together in the panel."""

import numpy as np
import pytest

SHAPE = (20, 22, 24)


@pytest.fixture
def labels(panel):
    from PartialSegLib.panel.labels.section import LabelsSection

    return panel.section(LabelsSection)


@pytest.fixture
def editing(panel):
    from PartialSegLib.panel.segmentEditor.section import SegmentEditorSection

    return panel.section(SegmentEditorSection)


def begin(labels, logic, name):
    """Load a scan and press Create segments; returns the segmentation."""
    import slicer

    scan = slicer.util.addVolumeFromArray(np.ones(SHAPE, np.int16), name=name)
    logic.getParameterNode().inputVolume = scan
    labels.ui.createSegmentsButton.click()
    return logic.getParameterNode().segmentation


def selected(labels):
    import qt

    return labels.ui.labelTree.currentItem().data(0, qt.Qt.UserRole)


def select(labels, name):
    import qt

    tree = labels.ui.labelTree
    waiting = [tree.invisibleRootItem()]
    for entry in waiting:
        if entry.data(0, qt.Qt.UserRole) == name:
            tree.setCurrentItem(entry)
        waiting.extend(entry.child(place) for place in range(entry.childCount()))


def test_one_click_makes_segments_that_can_be_painted_at_once(labels, editing, logic):
    segmentation = begin(labels, logic, "scan")
    assert editing.editor.segmentationNode() is segmentation
    assert editing.editor.currentSegmentID() == "csf" == selected(labels)


def test_a_row_of_the_tree_picks_what_is_edited_and_where(labels, editing, logic, waitFor):
    import slicer

    segmentation = begin(labels, logic, "scan")
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        np.ones(SHAPE, np.uint8), segmentation, "tcv", logic.getParameterNode().inputVolume
    )
    select(labels, "wm")
    assert editing.editor.currentSegmentID() == "wm"
    node = editing.editor.mrmlSegmentEditorNode()
    waitFor(lambda: node.GetMaskSegmentID() == "tcv")
    inside = slicer.vtkMRMLSegmentationNode.EditAllowedInsideSingleSegment
    assert node.GetMaskMode() == inside
    editing.editor.setCurrentSegmentID("dgm")
    assert selected(labels) == "dgm"


def test_a_scene_closed_in_the_midst_of_a_check_is_let_go_and_another_one_annotated(
    labels, editing, logic, scene, dialogs, waitFor
):
    import slicer

    segmentation = begin(labels, logic, "scan")
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        np.ones(SHAPE, np.uint8), segmentation, "tcv", logic.getParameterNode().inputVolume
    )
    logic.setStatus(segmentation, "tcv", "complete")
    waitFor(lambda: labels.ui.checkButton.enabled)
    labels.ui.checkButton.click()
    scene.Clear(False)
    assert not labels.busy and not dialogs.messages
    assert logic.getParameterNode().segmentation is None
    assert editing.editor.segmentationNode() is None
    segmentation = begin(labels, logic, "another scan")
    assert editing.editor.segmentationNode() is segmentation
    assert selected(labels) == "csf"


def test_another_module_gets_the_keys_back(panel, labels, editing, logic):
    begin(labels, logic, "scan")
    editing.ui.segmentEditorCollapsibleButton.collapsed = False
    node = editing.editor.mrmlSegmentEditorNode()
    editing.editor.setActiveEffectByName("Paint")
    panel.exit()
    assert node.GetActiveEffectName() == ""
    panel.enter()
    assert selected(labels) == "csf"
