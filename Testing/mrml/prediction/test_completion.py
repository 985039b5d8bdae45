"""A completion stands beside what was drawn, which stays as it is, until a person accepts it."""

import datetime

import numpy as np
import pytest

from nodes import SHAPE, addScan, addSegmentation, annotate, block
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import Status
from PartialSegLib.dataset.export import exportCase
from PartialSegLib.prediction.acceptance import accept
from PartialSegLib.prediction.completion import completeJob, whyNotComplete, whyNotLearn
from PartialSegLib.prediction.results import loadPrediction
from PartialSegLib.scene.completedSegments import completedSegments
from PartialSegLib.scene.labelSegments import LabelSegments
from PartialSegLib.scene.masks import segmentMask
from PartialSegLib.scene.segments import createSegments
from PartialSegLib.scene.undo import SEGMENTS_ABOUT_TO_CHANGE

TCV = block(SHAPE, (3, 3, 3), (12, 12, 12))
STROKE = block(SHAPE, (5, 5, 5), (6, 9, 9))


@pytest.fixture
def scan(scene):
    return addScan(shape=SHAPE)


@pytest.fixture
def node(scan, dhcp9):
    """The total cerebrum complete, white matter in progress, hippocampi absent."""
    made = addSegmentation(scan)
    createSegments(made, dhcp9)
    annotate(
        made,
        scan,
        {"tcv": TCV, "wm": STROKE},
        tcv=Status.COMPLETE,
        wm=Status.IN_PROGRESS,
        hippocampi_amygdala=Status.ABSENT,
    )
    return made


def completion(dhcp9):
    """What the engine says: it keeps to what was drawn."""
    half = np.indices(SHAPE)[1] < 7
    labelmap = np.where(TCV, np.where(half | STROKE, dhcp9["wm"].value, dhcp9["cgm"].value), 0)
    labelmap[:2] = dhcp9["csf"].value
    return labelmap.astype(np.uint8)


def test_what_was_drawn_stays_and_all_else_is_flagged(node, scan, dhcp9):
    before, changes = LabelSegments(node, dhcp9).statuses(), []
    node.AddObserver(SEGMENTS_ABOUT_TO_CHANGE, lambda *_: changes.append(1))
    labelmap = completion(dhcp9)
    loaded = loadPrediction(labelmap, dhcp9, scan, node, completes=[Status.IN_PROGRESS])
    assert len(changes) == 1, "one step of undo"
    assert loaded.completed == ("wm",) and set(loaded.kept) == {"tcv", "wm", "hippocampi_amygdala"}
    status = LabelSegments(node, dhcp9).statuses()
    for name, mask in (("tcv", TCV), ("wm", STROKE)):
        assert np.array_equal(segmentMask(node, name, scan), mask)
    for name in loaded.kept:
        assert status[name] is before[name]
    beside = completedSegments(node, dhcp9)
    assert np.array_equal(segmentMask(node, beside["wm"], scan), dhcp9.mask(labelmap, "wm"))
    assert np.array_equal(segmentMask(node, "cgm", scan), dhcp9.mask(labelmap, "cgm"))
    assert set(LabelSegments(node, dhcp9).heldBack()) == {"wm", *loaded.filled}


def test_another_completion_takes_the_place_of_the_one_before(node, scan, dhcp9):
    for labelmap in (completion(dhcp9), np.where(TCV, dhcp9["wm"].value, 0).astype(np.uint8)):
        loadPrediction(labelmap, dhcp9, scan, node, completes=[Status.IN_PROGRESS])
    assert np.array_equal(segmentMask(node, completedSegments(node, dhcp9)["wm"], scan), TCV)
    loadPrediction(labelmap, dhcp9, scan, node)
    assert not completedSegments(node, dhcp9)


def test_an_accepted_completion_becomes_part_of_what_was_drawn(node, scan, dhcp9):
    labelmap = completion(dhcp9)
    loadPrediction(labelmap, dhcp9, scan, node, completes=[Status.IN_PROGRESS])
    assert accept(LabelSegments(node, dhcp9), ["wm"]).complete == ("wm",)
    assert np.array_equal(segmentMask(node, "wm", scan), dhcp9.mask(labelmap, "wm"))
    assert not completedSegments(node, dhcp9)
    status = LabelSegments(node, dhcp9).statuses()
    assert status["wm"] is Status.COMPLETE and status["cgm"] is Status.NOT_ANNOTATED


def test_what_was_completed_of_a_label_is_accepted_where_no_stroke_of_it_is_left(node, scan, dhcp9):
    loadPrediction(completion(dhcp9), dhcp9, scan, node, completes=[Status.IN_PROGRESS])
    segments = LabelSegments(node, dhcp9)
    segments.clear("wm")
    assert not segments.isPainted("wm") and segments.beside.isPainted("wm")
    assert accept(segments, ["wm"]).complete == ("wm",)
    assert np.array_equal(segmentMask(node, "wm", scan), dhcp9.mask(completion(dhcp9), "wm"))


def test_a_dataset_tells_what_was_drawn_from_what_was_accepted(node, scan, dhcp9, tmp_path):
    labelmap = completion(dhcp9)
    loadPrediction(labelmap, dhcp9, scan, node, completes=[Status.IN_PROGRESS])
    accept(LabelSegments(node, dhcp9), ["cgm"])
    case = exportCase(node, scan, dhcp9, tmp_path / "data", "01", annotator="A")
    assert case.info.reviewed == {"cgm": datetime.date.today().isoformat()}
    assert case.info.annotator == "A" and case.info.status["tcv"] is Status.COMPLETE
    values = case.label_sets(dhcp9)
    assert np.array_equal(values.value_of("tcv").T == 1, TCV)
    assert np.array_equal(values.value_of("cgm").T == 1, dhcp9.mask(labelmap, "cgm"))
    # Of white matter the stroke is known, and what the completion found is not.
    white = values.value_of("wm").T
    assert (white[STROKE] == 1).all()
    unknown = TCV & ~STROKE & ~dhcp9.mask(labelmap, "cgm")
    assert unknown.any() and (white[unknown] == 2).all()


class TestWhatCannotBe:
    def test_completed(self, node, scan, dhcp9):
        assert whyNotComplete(node, dhcp9) == ""
        assert "no segmentation" in whyNotComplete(None, dhcp9)
        empty = addSegmentation(scan)
        createSegments(empty, dhcp9)
        assert "Nothing is drawn yet" in whyNotComplete(empty, dhcp9)
        with pytest.raises(UserError, match="Nothing is drawn yet"):
            completeJob(empty, scan)

    def test_learned_from(self, node, scan, dhcp9):
        assert "Only 'White matter' is drawn" in whyNotLearn(node, dhcp9)
        annotate(node, scan, {"csf": ~TCV}, csf=Status.IN_PROGRESS)
        assert whyNotLearn(node, dhcp9) == ""
