"""Section Segment Editor: on the panel's nodes, with mask and overlap for the picked label."""

import numpy as np
import pytest

SHAPE = (20, 22, 24)
CEREBRUM = np.zeros(SHAPE, bool)
CEREBRUM[4:16, 4:18, 4:20] = True


@pytest.fixture
def scan(scene):
    import slicer

    return slicer.util.addVolumeFromArray(CEREBRUM.astype(np.int16) * 900, name="scan")


@pytest.fixture
def segmentation(logic, scan):
    """All segments of dhcp9; the cerebrum is painted."""
    import slicer

    node = logic.addSegmentation(scan)
    logic.createSegments(node, logic.scheme("dhcp9"), scan)
    slicer.util.updateSegmentBinaryLabelmapFromArray(CEREBRUM.astype(np.uint8), node, "tcv", scan)
    return node


@pytest.fixture
def parameterNode(logic, scan, segmentation):
    node = logic.getParameterNode()
    node.inputVolume, node.segmentation = scan, segmentation
    return node


@pytest.fixture
def editing(section, parameterNode):
    """The section, unfolded."""
    from PartialSegLib.panel.segmentEditor.section import SegmentEditorSection

    made = section(SegmentEditorSection)
    made.ui.segmentEditorCollapsibleButton.collapsed = False
    return made


@pytest.fixture
def editorNode(editing, scene):
    from PartialSegLib.annotation.editing import segmentEditorNode

    return segmentEditorNode(scene)


def mask(editorNode):
    """What is editable: the ID of a segment, or "everywhere"."""
    import slicer

    kinds = slicer.vtkMRMLSegmentationNode
    names = {
        kinds.EditAllowedEverywhere: "everywhere",
        kinds.EditAllowedInsideSingleSegment: editorNode.GetMaskSegmentID(),
    }
    return names[editorNode.GetMaskMode()]


def test_it_edits_the_panels_segmentation_on_the_panels_scan(editing, segmentation, scan):
    assert editing.editor.segmentationNode() is segmentation
    assert editing.editor.sourceVolumeNode() is scan
    assert editing.editor.enabled
    assert "Parts may overlap" in editing.ui.hintLabel.text
    assert not editing.editor.segmentationNodeSelectorVisible
    assert not editing.editor.sourceVolumeNodeSelectorVisible


def test_its_node_is_its_own_and_not_that_of_slicers_module(editing, editorNode, scene):
    import slicer

    other = slicer.vtkMRMLSegmentEditorNode()
    other.SetSingletonTag("SegmentEditor")
    scene.AddNode(other)
    assert editing.editor.mrmlSegmentEditorNode() is editorNode
    assert editorNode.GetSingletonTag() == "PartialSeg"


def test_another_segmentation_or_scan_is_followed(editing, logic, parameterNode, scan):
    import slicer

    other = logic.addSegmentation(scan)
    parameterNode.segmentation = other
    assert editing.editor.segmentationNode() is other
    second = slicer.util.addVolumeFromArray(np.zeros(SHAPE, np.int16), name="second")
    parameterNode.inputVolume = second
    assert editing.editor.sourceVolumeNode() is second


def test_what_is_missing_before_one_can_paint_is_said(editing, parameterNode):
    parameterNode.inputVolume = None
    assert "Select the scan" in editing.ui.hintLabel.text
    assert not editing.editor.enabled
    parameterNode.segmentation = None
    assert "Select a segmentation" in editing.ui.hintLabel.text
    assert editing.editor.segmentationNode() is None


def test_a_picked_part_is_edited_inside_its_super_label_and_may_overlap(
    editing, editorNode, waitFor, screenshot
):
    import slicer

    editing.editor.setCurrentSegmentID("wm")
    waitFor(lambda: mask(editorNode) == "tcv")
    assert editorNode.GetOverwriteMode() == slicer.vtkMRMLSegmentEditorNode.OverwriteNone
    screenshot(editing, "segment-editor")
    for segmentID in ("csf", "cgm", "tcv"):
        editing.editor.setCurrentSegmentID(segmentID)
        inside = "tcv" if segmentID == "cgm" else "everywhere"
        waitFor(lambda inside=inside: mask(editorNode) == inside)


def test_a_part_of_an_empty_super_label_is_edited_everywhere(
    editing, editorNode, segmentation, waitFor
):
    editing.editor.setCurrentSegmentID("wm")
    waitFor(lambda: mask(editorNode) == "tcv")
    segmentation.GetSegmentation().RemoveSegment("tcv")
    editing.editor.setCurrentSegmentID("cgm")
    waitFor(lambda: mask(editorNode) == "everywhere")


def test_a_mask_that_the_user_chose_stays_until_another_label_is_picked(
    editing, editorNode, waitFor
):
    import slicer

    editing.editor.setCurrentSegmentID("wm")
    waitFor(lambda: mask(editorNode) == "tcv")
    editorNode.SetMaskMode(slicer.vtkMRMLSegmentationNode.EditAllowedEverywhere)
    editorNode.SetOverwriteMode(slicer.vtkMRMLSegmentEditorNode.OverwriteAllSegments)
    waitFor(lambda: not editing._pickTimer.isActive())
    assert mask(editorNode) == "everywhere"
    assert editorNode.GetOverwriteMode() == slicer.vtkMRMLSegmentEditorNode.OverwriteAllSegments


def test_without_a_usable_scheme_the_editor_still_works(
    editing, editorNode, parameterNode, waitFor
):
    parameterNode.scheme = "gone.json"
    editing.editor.setCurrentSegmentID("wm")
    waitFor(lambda: not editing._pickTimer.isActive())
    assert mask(editorNode) == "everywhere"


def test_a_step_of_set_algebra_is_undone_with_the_editors_undo(editing, logic, segmentation, scan):
    import slicer

    from partialseg_trainer.labels import Status
    from PartialSegLib.scene.masks import segmentMask
    from PartialSegLib.scene.segmentStatus import segmentStatus

    half = CEREBRUM.copy()
    half[10:] = False
    for name in ("cgm", "wm"):
        painted = half if name == "cgm" else CEREBRUM & ~half
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            painted.astype(np.uint8), segmentation, name, scan
        )
        logic.setStatus(segmentation, name, "complete")
    logic.setStatus(segmentation, "tcv", "complete")
    logic.remainderToLastPart(segmentation, logic.scheme("dhcp9"), "tcv")
    assert segmentStatus(segmentation, "dgm") is Status.ABSENT
    editing.editor.undo()
    assert segmentStatus(segmentation, "dgm") is Status.NOT_ANNOTATED
    assert np.array_equal(segmentMask(segmentation, "tcv", scan), CEREBRUM)


@pytest.fixture
def calls(editing, monkeypatch):
    """What was asked of the editor beyond its nodes."""
    seen = []
    kind = type(editing.editor).qtClass
    for name in ("installKeyboardShortcuts", "uninstallKeyboardShortcuts", "updateEffectList"):
        monkeypatch.setattr(kind, name, lambda self, name=name: seen.append(name))
    return seen


@pytest.mark.parametrize("away", ["folded", "another module"])
def test_keys_and_effects_rest_while_the_editor_is_not_seen(editing, editorNode, calls, away):
    def leave(gone):
        if away == "folded":
            editing.ui.segmentEditorCollapsibleButton.collapsed = gone
        else:
            (editing.exit if gone else editing.enter)()

    editing.editor.setActiveEffectByName("Paint")
    leave(True)
    assert editorNode.GetActiveEffectName() == ""
    leave(False)
    assert calls == ["uninstallKeyboardShortcuts", "installKeyboardShortcuts"]


def test_a_folded_section_installs_no_keys_when_the_module_is_opened(editing, calls):
    editing.ui.segmentEditorCollapsibleButton.collapsed = True
    editing.exit()
    calls.clear()
    editing.enter()
    assert not calls


def test_effects_that_an_extension_brings_later_are_listed(editing, calls):
    import slicer

    slicer.qSlicerSegmentEditorEffectFactory.instance().effectRegistered("Magic wand")
    assert calls == ["updateEffectList"]


def test_nothing_is_followed_while_another_module_is_open(editing, logic, parameterNode, scan):
    before = editing.editor.segmentationNode()
    editing.exit()
    parameterNode.segmentation = logic.addSegmentation(scan)
    assert editing.editor.segmentationNode() is before
    editing.enter()
    assert editing.editor.segmentationNode() is parameterNode.segmentation


def test_a_scene_can_be_closed_and_another_one_edited(
    editing, scene, logic, parameterNode, waitFor
):
    import slicer

    editing.editor.setCurrentSegmentID("wm")
    editing.setParameterNode(None)
    assert editing.editor.segmentationNode() is None
    scene.Clear(False)
    scan = slicer.util.addVolumeFromArray(CEREBRUM.astype(np.int16), name="next")
    node = logic.addSegmentation(scan)
    logic.createSegments(node, logic.scheme("dhcp9"), scan)
    slicer.util.updateSegmentBinaryLabelmapFromArray(CEREBRUM.astype(np.uint8), node, "tcv", scan)
    again = logic.getParameterNode()
    again.inputVolume, again.segmentation = scan, node
    editing.setParameterNode(again)
    assert editing.editor.segmentationNode() is node
    assert editing.editor.sourceVolumeNode() is scan
    editing.editor.setCurrentSegmentID("cgm")
    waitFor(lambda: mask(editing.editor.mrmlSegmentEditorNode()) == "tcv")
