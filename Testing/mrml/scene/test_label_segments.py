"""A segmentation seen through a scheme: found once, and anew when the segments have changed."""

import pytest

from nodes import CEREBRUM, CORTEX, annotate, paint
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import Status
from PartialSegLib.prediction.acceptance import accept
from PartialSegLib.scene import labelSegments, segmentStatus
from PartialSegLib.scene.labelSegments import LabelSegments
from PartialSegLib.scene.segmentStatus import holdBack


@pytest.fixture
def lookups(monkeypatch):
    """How often the segments of a segmentation were looked for."""
    counted, segmentsOf = [], labelSegments.segmentsOf

    def spy(*arguments):
        counted.append(arguments)
        return segmentsOf(*arguments)

    monkeypatch.setattr(labelSegments, "segmentsOf", spy)
    return counted


def test_segments_are_looked_for_once_while_they_stay_the_same(node, scan, dhcp9, lookups):
    segments = LabelSegments(node, dhcp9)
    assert segments.ids == {name: name for name in dhcp9.names}
    segments.setStatus("wm", Status.IN_PROGRESS)
    assert segments.status("wm") is Status.IN_PROGRESS
    assert segments.annotated() == ("wm",)
    assert dict(segments.masks(scan)).keys() == segments.ids.keys()
    assert len(lookups) == 1


def test_accepting_looks_for_the_segments_once(node, scan, dhcp9, lookups):
    annotate(node, scan, {"tcv": CEREBRUM, "cgm": CORTEX, "wm": CEREBRUM & ~CORTEX})
    for name in dhcp9.names:
        holdBack(node, name)
    assert accept(LabelSegments(node, dhcp9), emptyIsAbsent=True).complete
    assert len(lookups) == 1


def test_accepting_looks_at_what_is_drawn_of_a_label_once(node, scan, dhcp9, monkeypatch):
    looked, hasVoxels = [], segmentStatus.hasVoxels

    def spy(segmentationNode, segmentID):
        looked.append(segmentID)
        return hasVoxels(segmentationNode, segmentID)

    for module in (segmentStatus, labelSegments):
        monkeypatch.setattr(module, "hasVoxels", spy)
    annotate(node, scan, {"tcv": CEREBRUM, "cgm": CORTEX, "wm": CEREBRUM & ~CORTEX})
    for name in dhcp9.names:
        holdBack(node, name)
    accepted = accept(LabelSegments(node, dhcp9), emptyIsAbsent=True)
    assert accepted.complete and accepted.absent and not accepted.rebuilt
    assert sorted(looked) == sorted(dhcp9.names)


def test_settled_labels_are_complete_and_empty_ones_only_absent_when_that_is_said(
    node, scan, dhcp9
):
    segments = LabelSegments(node, dhcp9)
    annotate(node, scan, {"wm": CORTEX})
    assert segments.settle(["wm", "csf"]) == {"wm": Status.COMPLETE}
    assert segments.status("csf") is Status.NOT_ANNOTATED
    assert segments.settle(["csf"], emptyIsAbsent=True) == {"csf": Status.ABSENT}
    assert [segments.status(name) for name in ("wm", "csf")] == [Status.COMPLETE, Status.ABSENT]
    node.GetSegmentation().RemoveSegment("cgm")
    assert segments.settle(["cgm"], emptyIsAbsent=True) == {}


def test_what_others_change_is_seen(node, scan, dhcp9):
    segments, segmentation = LabelSegments(node, dhcp9), node.GetSegmentation()
    assert "wm" in segments.ids
    segmentation.RemoveSegment("wm")
    assert "wm" not in segments.ids and segments.status("wm") is Status.NOT_ANNOTATED
    own = segmentation.AddEmptySegment("", "mine")
    assert segments.labelOf(own) is None
    segmentation.GetSegment(own).SetName(dhcp9["wm"].title)
    assert segments.labelOf(own) == "wm"
    assert not segments.isPainted("wm") and segments.volume("wm") == 0
    paint(node, own, CORTEX, scan)
    assert segments.isPainted("wm") and segments.volume("wm") > 0


def test_without_a_segmentation_no_label_has_a_segment(dhcp9):
    segments = LabelSegments(None, dhcp9)
    assert segments.ids == {} and segments.annotated() == ()
    assert set(segments.statuses().values()) == {Status.NOT_ANNOTATED}


def test_a_segment_that_goes_while_masks_are_taken_is_said_in_a_sentence(node, scan, dhcp9):
    masks = LabelSegments(node, dhcp9).masks(scan, ["tcv", "wm"])
    assert next(masks)[0] == "tcv"
    node.GetSegmentation().RemoveSegment("wm")
    with pytest.raises(UserError, match="removed"):
        next(masks)
