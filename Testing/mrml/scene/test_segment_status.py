"""The four statuses in Slicer's own tag."""

import pytest
import slicer

from nodes import addScan, addSegmentation, block, paint
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import Status
from PartialSegLib.scene.segmentStatus import holdBack, segmentStatus, setSegmentStatus


@pytest.fixture
def node(scene):
    scan = addScan()
    node = addSegmentation(scan)
    node.GetSegmentation().AddEmptySegment("empty")
    node.GetSegmentation().AddEmptySegment("painted")
    paint(node, "painted", block((24, 28, 32), (2, 2, 2), (5, 6, 7)), scan)
    return node


@pytest.mark.parametrize(
    ("segmentID", "status"),
    [
        ("painted", Status.COMPLETE),
        ("painted", Status.IN_PROGRESS),
        ("painted", Status.NOT_ANNOTATED),
        ("empty", Status.ABSENT),
        ("empty", Status.IN_PROGRESS),
        ("empty", Status.NOT_ANNOTATED),
    ],
)
def test_a_status_comes_back_as_it_was_set(node, segmentID, status):
    setSegmentStatus(node, segmentID, Status.IN_PROGRESS)
    setSegmentStatus(node, segmentID, status)
    assert segmentStatus(node, segmentID) is status


def test_a_new_segment_is_not_annotated_even_when_it_is_empty(node):
    assert segmentStatus(node, "empty") is Status.NOT_ANNOTATED


def test_the_tag_is_the_one_that_the_segment_editor_shows(node):
    setSegmentStatus(node, "painted", Status.COMPLETE)
    tag = vtkTag(node, "painted")
    assert tag == "completed"


def test_paint_that_is_not_annotated_is_flagged_so_that_a_stroke_does_not_declare_it_right(node):
    setSegmentStatus(node, "painted", Status.NOT_ANNOTATED)
    assert vtkTag(node, "painted") == "flagged"


def test_a_segment_held_back_says_nothing(node):
    setSegmentStatus(node, "painted", Status.COMPLETE)
    holdBack(node, "painted")
    assert segmentStatus(node, "painted") is Status.NOT_ANNOTATED


def test_an_empty_segment_cannot_be_complete_nor_a_painted_one_absent(node):
    with pytest.raises(UserError, match="empty"):
        setSegmentStatus(node, "empty", Status.COMPLETE)
    with pytest.raises(UserError, match="erase"):
        setSegmentStatus(node, "painted", Status.ABSENT)


def vtkTag(node, segmentID):
    segment = node.GetSegmentation().GetSegment(segmentID)
    value = slicer.vtkSlicerSegmentationsModuleLogic
    return value.GetSegmentStatusAsMachineReadableString(value.GetSegmentStatus(segment))
