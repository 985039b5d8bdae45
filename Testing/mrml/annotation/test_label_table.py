"""The rows of labels and segments that the panel lists."""

import pytest

from nodes import SHAPE, addScan, addSegmentation, block, paint
from partialseg_trainer.labels import LabelScheme, Status
from PartialSegLib.annotation.labelTable import LabelRow, labelTable
from PartialSegLib.scene.labelSegments import LabelSegments
from PartialSegLib.scene.segments import createSegments
from PartialSegLib.scene.segmentStatus import setSegmentStatus


@pytest.fixture
def node(scene, dhcp9):
    node = addSegmentation(addScan(shape=SHAPE))
    createSegments(node, dhcp9)
    return node


def rowOf(name, node, scheme):
    return next(row for row in labelTable(LabelSegments(node, scheme)) if row.name == name)


def test_every_super_label_comes_before_its_parts_which_are_one_deeper(scene):
    for preset in ("dhcp9", "fetal8", "brainstem", "wmh-stroke"):
        scheme = LabelScheme.load(preset)
        rows = labelTable(LabelSegments(None, scheme))
        assert sorted(row.name for row in rows) == sorted(scheme.names)
        above = []
        for row in rows:
            above[row.depth :] = [row.name]
            assert scheme.ancestors(row.name) == tuple(reversed(above[:-1]))


def test_without_a_segmentation_the_scheme_alone_is_listed(scene, dhcp9):
    row = rowOf("wm", None, dhcp9)
    white = dhcp9["wm"].colour
    assert row == LabelRow("wm", "White matter", 1, white, None, Status.NOT_ANNOTATED, False)


def test_a_segment_lends_its_name_colour_status_and_visibility(node, dhcp9):
    assert rowOf("wm", node, dhcp9).colour == dhcp9["wm"].colour
    segment = node.GetSegmentation().GetSegment("wm")
    segment.SetName("Weiße Substanz")
    segment.SetColor(1, 0, 0.2)
    setSegmentStatus(node, "wm", Status.ABSENT)
    node.GetDisplayNode().SetSegmentVisibility("wm", False)
    row = rowOf("wm", node, dhcp9)
    assert row == LabelRow("wm", "Weiße Substanz", 1, (255, 0, 51), "wm", Status.ABSENT, False)


def test_a_users_own_segment_is_listed_under_its_label(scene, dhcp9):
    scan = addScan(shape=SHAPE)
    node = addSegmentation(scan)
    node.GetSegmentation().AddEmptySegment("Segment_1", "TCV")
    paint(node, "Segment_1", block(SHAPE, (2, 2, 2), (5, 6, 7)), scan)
    setSegmentStatus(node, "Segment_1", Status.COMPLETE)
    row = rowOf("tcv", node, dhcp9)
    assert (row.segmentID, row.status, row.visible) == ("Segment_1", Status.COMPLETE, True)
    assert rowOf("wm", node, dhcp9).segmentID is None


def test_a_segmentation_that_is_not_displayed_shows_no_segment(node, dhcp9):
    node.RemoveAllDisplayNodeIDs()
    assert not any(row.visible for row in labelTable(LabelSegments(node, dhcp9)))
