"""Accepting a prediction makes an annotation of it, and of nothing that nobody has looked at."""

import numpy as np
import pytest
import slicer

from nodes import SHAPE, addScan, addSegmentation, block, paint
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme, Status
from partialseg_trainer.volumes import Volume
from PartialSegLib.annotation.scanAnnotation import Annotation
from PartialSegLib.prediction.acceptance import accept
from PartialSegLib.prediction.results import loadPrediction
from PartialSegLib.scene.geometry import ijkToRAS
from PartialSegLib.scene.labelSegments import LabelSegments
from PartialSegLib.scene.masks import segmentMask
from PartialSegLib.scene.segments import createSegments
from PartialSegLib.scene.segmentStatus import setSegmentStatus

EMPTY = "hippocampi_amygdala"


@pytest.fixture
def scan(scene):
    return addScan(shape=SHAPE)


@pytest.fixture
def prediction(scan, dhcp9):
    """Every label but one predicted, and a super-label that is the union of its parts."""
    values = [label.value for label in dhcp9 if label.name not in ("tcv", EMPTY)]
    labelmap = np.random.default_rng(1).choice([0, *values], SHAPE).astype(np.uint8)
    volume = Volume(labelmap.transpose(2, 1, 0), ijkToRAS(scan))
    return loadPrediction(volume, dhcp9, scan).segmentationNode


def test_all_that_is_painted_becomes_complete_and_what_is_empty_stays_unsaid(prediction, dhcp9):
    assert LabelSegments(prediction, dhcp9).heldBack() == dhcp9.names
    accepted = accept(LabelSegments(prediction, dhcp9))
    painted = tuple(name for name in dhcp9.names if name != EMPTY)
    assert accepted == (painted, (), (), (EMPTY,))
    status = LabelSegments(prediction, dhcp9).statuses()
    assert status.pop(EMPTY) is Status.NOT_ANNOTATED
    assert set(status.values()) == {Status.COMPLETE}
    assert LabelSegments(prediction, dhcp9).heldBack() == (EMPTY,)


def test_an_empty_label_is_absent_only_when_that_is_said(prediction, dhcp9):
    accepted = accept(LabelSegments(prediction, dhcp9), emptyIsAbsent=True)
    assert accepted.absent == (EMPTY,) and accepted.left == ()
    assert LabelSegments(prediction, dhcp9).statuses()[EMPTY] is Status.ABSENT


def test_no_other_label_than_the_chosen_ones_is_accepted(prediction, dhcp9):
    assert accept(LabelSegments(prediction, dhcp9), ["csf", "tcv"]).complete == ("csf", "tcv")
    status = LabelSegments(prediction, dhcp9).statuses()
    assert {name for name in status if status[name] is Status.COMPLETE} == {"csf", "tcv"}
    with pytest.raises(UserError, match="not in scheme"):
        accept(LabelSegments(prediction, dhcp9), ["liver"])


def test_a_label_that_does_not_await_review_keeps_its_status(prediction, dhcp9):
    setSegmentStatus(prediction, "wm", Status.IN_PROGRESS)
    assert accept(LabelSegments(prediction, dhcp9), ["wm", "csf"]).left == ("wm",)
    assert LabelSegments(prediction, dhcp9).statuses()["wm"] is Status.IN_PROGRESS


def test_what_was_accepted_can_be_taken_back_by_its_status(prediction, dhcp9):
    accept(LabelSegments(prediction, dhcp9), ["csf"])
    setSegmentStatus(prediction, "csf", Status.NOT_ANNOTATED)
    assert LabelSegments(prediction, dhcp9).heldBack() == dhcp9.names


def test_a_super_label_follows_the_corrections_of_its_parts(prediction, scan, dhcp9):
    corrected = segmentMask(prediction, "cgm", scan) | block(SHAPE, (0, 0, 0), (3, 3, 3))
    for name in ("csf", "background", "ventricles", "cerebellum", "brainstem", "wm", "dgm"):
        paint(prediction, name, segmentMask(prediction, name, scan) & ~corrected, scan)
    paint(prediction, "cgm", corrected, scan)
    assert accept(LabelSegments(prediction, dhcp9), emptyIsAbsent=True).rebuilt == ("tcv",)
    union = sum(segmentMask(prediction, name, scan) for name in ("cgm", "wm", "dgm"))
    assert np.array_equal(segmentMask(prediction, "tcv", scan), union)
    sets = Annotation.of(prediction, scan, dhcp9).labelSets()
    assert np.array_equal(sets.value_of("tcv"), union)


def test_a_super_label_whose_parts_await_review_stays_as_it_is(prediction, scan, dhcp9):
    paint(prediction, "cgm", np.zeros(SHAPE, bool), scan)
    before = segmentMask(prediction, "tcv", scan)
    assert accept(LabelSegments(prediction, dhcp9), ["tcv", "wm"]).rebuilt == ()
    assert np.array_equal(segmentMask(prediction, "tcv", scan), before)


def test_super_labels_of_super_labels_are_rebuilt_from_the_bottom(scan):
    parts = [{"name": "c", "value": 3}, {"name": "d", "value": 4}]
    middle = {"name": "b", "value": 2, "exhaustive": True, "children": parts}
    top = {"name": "a", "value": 1, "exhaustive": True, "children": [middle]}
    scheme = LabelScheme.from_dict({"name": "deep", "labels": [top]})
    node = addSegmentation(scan)
    createSegments(node, scheme)
    drawn = block(SHAPE, (2, 2, 2), (9, 9, 9))
    for name in scheme.names:
        paint(node, name, drawn, scan)
        setSegmentStatus(node, name, Status.NOT_ANNOTATED)
    paint(node, "d", block(SHAPE, (9, 2, 2), (12, 9, 9)), scan)
    assert accept(LabelSegments(node, scheme)).rebuilt == ("b", "a")
    assert np.array_equal(segmentMask(node, "a", scan), block(SHAPE, (2, 2, 2), (12, 9, 9)))


def test_a_segmentation_without_the_schemes_segments_has_nothing_to_accept(scan, dhcp9):
    node = addSegmentation(scan)
    assert accept(LabelSegments(node, dhcp9)) == ((), (), (), dhcp9.names)


def test_surfaces_are_accepted_as_they_are(prediction, dhcp9):
    segmentation = prediction.GetSegmentation()
    segmentation.CreateRepresentation(
        slicer.vtkSegmentationConverter.GetSegmentationClosedSurfaceRepresentationName()
    )
    segmentation.SetSourceRepresentationName(
        slicer.vtkSegmentationConverter.GetSegmentationClosedSurfaceRepresentationName()
    )
    accepted = accept(LabelSegments(prediction, dhcp9))
    assert "csf" in accepted.complete and accepted.rebuilt == ()
