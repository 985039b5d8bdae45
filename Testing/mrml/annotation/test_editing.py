"""Mask and overlap of the Segment Editor for the label that is picked."""

import slicer

from nodes import SHAPE, addSegmentation, block, paint
from partialseg_trainer.labels import LabelScheme
from PartialSegLib.annotation.editing import applyEditSettings, editSettings, segmentEditorNode
from PartialSegLib.scene.labelSegments import LabelSegments
from PartialSegLib.scene.segments import createSegments

SOME = block(SHAPE, (4, 4, 4), (10, 12, 14))
EVERYWHERE = slicer.vtkMRMLSegmentationNode.EditAllowedEverywhere
INSIDE = slicer.vtkMRMLSegmentationNode.EditAllowedInsideSingleSegment
OVERLAP = slicer.vtkMRMLSegmentEditorNode.OverwriteNone

DEEP = {
    "name": "deep",
    "labels": [
        {
            "name": "brain",
            "value": 1,
            "children": [
                {"name": "stem", "value": 2, "children": [{"name": "pons", "value": 3}]},
            ],
        }
    ],
}


def test_a_part_is_painted_inside_its_painted_super_label_and_may_overlap_it(node, scan, dhcp9):
    paint(node, "tcv", SOME, scan)
    assert editSettings(LabelSegments(node, dhcp9), "wm") == (INSIDE, "tcv", OVERLAP)


def test_everything_else_is_painted_everywhere_and_may_overlap(node, scan, dhcp9):
    assert editSettings(LabelSegments(node, dhcp9), "wm") == (EVERYWHERE, "", OVERLAP)
    paint(node, "tcv", SOME, scan)
    own = node.GetSegmentation().AddEmptySegment("own", "of no scheme")
    for segmentID in ("tcv", "csf", own):
        assert editSettings(LabelSegments(node, dhcp9), segmentID) == (EVERYWHERE, "", OVERLAP)


def test_the_nearest_painted_super_label_counts(scan):
    scheme = LabelScheme.from_dict(DEEP)
    node = addSegmentation(scan)
    createSegments(node, scheme)
    paint(node, "brain", SOME, scan)
    assert editSettings(LabelSegments(node, scheme), "pons").maskSegmentID == "brain"
    paint(node, "stem", SOME, scan)
    assert editSettings(LabelSegments(node, scheme), "pons").maskSegmentID == "stem"
    assert editSettings(LabelSegments(node, scheme), "stem").maskSegmentID == "brain"
    node.GetSegmentation().RemoveSegment("stem")
    assert editSettings(LabelSegments(node, scheme), "pons").maskSegmentID == "brain"


def test_a_segment_that_a_user_named_is_found(scan, dhcp9):
    node = addSegmentation(scan)
    for segmentID, name in (("Segment_1", "TCV"), ("Segment_2", "white matter")):
        node.GetSegmentation().AddEmptySegment(segmentID, name)
    paint(node, "Segment_1", SOME, scan)
    assert editSettings(LabelSegments(node, dhcp9), "Segment_2").maskSegmentID == "Segment_1"


def test_the_editor_node_is_told_the_mask_before_the_mode_that_needs_it(node, scan, dhcp9):
    paint(node, "tcv", SOME, scan)
    editor = segmentEditorNode(slicer.mrmlScene)
    seen = []
    editor.AddObserver(
        "ModifiedEvent", lambda *_: seen.append((editor.GetMaskSegmentID(), editor.GetMaskMode()))
    )
    applyEditSettings(editor, editSettings(LabelSegments(node, dhcp9), "wm"))
    assert seen[:2] == [("tcv", EVERYWHERE), ("tcv", INSIDE)]
    assert editor.GetOverwriteMode() == OVERLAP
    applyEditSettings(editor, editSettings(LabelSegments(node, dhcp9), "csf"))
    assert editor.GetMaskMode() == EVERYWHERE


def test_the_module_has_one_editor_node_of_its_own(scene):
    other = slicer.vtkMRMLSegmentEditorNode()
    other.SetSingletonTag("SegmentEditor")
    other = scene.AddNode(other)
    node = segmentEditorNode(scene)
    assert node is segmentEditorNode(scene)
    assert node is not other
