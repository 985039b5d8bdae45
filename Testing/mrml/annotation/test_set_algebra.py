"""Super-labels from parts, and the last part from the rest."""

import numpy as np
import pytest
import slicer
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes import (
    CEREBRUM,
    CORTEX,
    SHAPE,
    addScan,
    addSegmentation,
    addTransform,
    affine,
    annotate,
    block,
    paint,
)
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme, Status
from PartialSegLib.annotation.scanAnnotation import Annotation
from PartialSegLib.annotation.setAlgebra import (
    remainderToLastPart,
    superLabelFromParts,
    whyNoRemainder,
    whyNotFromParts,
)
from PartialSegLib.scene.headless import headlessScene
from PartialSegLib.scene.labelSegments import LabelSegments
from PartialSegLib.scene.masks import segmentMask
from PartialSegLib.scene.segments import createSegments
from PartialSegLib.scene.segmentStatus import holdBack, segmentStatus, setSegmentStatus
from PartialSegLib.scene.undo import SEGMENTS_ABOUT_TO_CHANGE

WHITE = block(SHAPE, (4, 4, 10), (20, 24, 20))
DEEP = CEREBRUM & ~CORTEX & ~WHITE
PARTS = {"cgm": CORTEX, "wm": WHITE, "dgm": DEEP}


def done(*names):
    return dict.fromkeys(names, Status.COMPLETE)


def test_complete_parts_make_a_complete_super_label_and_stay_as_they_are(node, scan, dhcp9):
    annotate(node, scan, PARTS, **done(*PARTS))
    assert superLabelFromParts(LabelSegments(node, dhcp9), "tcv") is Status.COMPLETE
    assert segmentStatus(node, "tcv") is Status.COMPLETE
    assert np.array_equal(segmentMask(node, "tcv", scan), CEREBRUM)
    for name, mask in PARTS.items():
        assert np.array_equal(segmentMask(node, name, scan), mask)


def test_an_unfinished_part_leaves_the_super_label_in_progress(node, scan, dhcp9):
    annotate(node, scan, PARTS, **done("cgm", "wm"), dgm=Status.IN_PROGRESS)
    assert superLabelFromParts(LabelSegments(node, dhcp9), "tcv") is Status.IN_PROGRESS
    assert np.array_equal(segmentMask(node, "tcv", scan), CEREBRUM)


def test_parts_that_nobody_has_looked_at_are_left_out(node, scan, dhcp9):
    annotate(node, scan, PARTS, **done("cgm", "wm"))
    holdBack(node, "dgm")
    assert superLabelFromParts(LabelSegments(node, dhcp9), "tcv") is Status.IN_PROGRESS
    assert np.array_equal(segmentMask(node, "tcv", scan), CORTEX | WHITE)


def test_what_was_painted_of_the_super_label_in_progress_stays(node, scan, dhcp9):
    annotate(node, scan, {"tcv": DEEP, "wm": WHITE}, wm=Status.COMPLETE, tcv=Status.IN_PROGRESS)
    superLabelFromParts(LabelSegments(node, dhcp9), "tcv")
    assert np.array_equal(segmentMask(node, "tcv", scan), WHITE | DEEP)


def test_complete_parts_replace_what_the_super_label_was(node, scan, dhcp9):
    annotate(node, scan, {**PARTS, "tcv": CORTEX}, **done("tcv", *PARTS))
    assert superLabelFromParts(LabelSegments(node, dhcp9), "tcv") is Status.COMPLETE
    assert np.array_equal(segmentMask(node, "tcv", scan), CEREBRUM)


def test_absent_parts_count_as_done_and_all_absent_make_an_absent_super_label(node, scan, dhcp9):
    annotate(node, scan, {"cgm": CORTEX}, cgm=Status.COMPLETE, wm=Status.ABSENT, dgm=Status.ABSENT)
    assert superLabelFromParts(LabelSegments(node, dhcp9), "tcv") is Status.COMPLETE
    other = addSegmentation(scan)
    createSegments(other, dhcp9)
    annotate(other, scan, {}, **dict.fromkeys(PARTS, Status.ABSENT))
    assert superLabelFromParts(LabelSegments(other, dhcp9), "tcv") is Status.ABSENT


def test_parts_that_do_not_exhaust_the_super_label_leave_it_in_progress(scan):
    children = [{"name": "lesion", "value": 2}]
    scheme = LabelScheme.from_dict(
        {"name": "open", "labels": [{"name": "brain", "value": 1, "children": children}]}
    )
    node = addSegmentation(scan)
    createSegments(node, scheme)
    annotate(node, scan, {"lesion": DEEP}, lesion=Status.COMPLETE)
    assert superLabelFromParts(LabelSegments(node, scheme), "brain") is Status.IN_PROGRESS
    setSegmentStatus(node, "brain", Status.COMPLETE)
    setSegmentStatus(node, "lesion", Status.IN_PROGRESS)
    assert "need not fill" in whyNoRemainder(LabelSegments(node, scheme), "brain")


@pytest.mark.parametrize("status", [Status.COMPLETE, Status.ABSENT])
def test_a_finished_super_label_is_not_given_up_for_unfinished_parts(node, scan, dhcp9, status):
    annotate(node, scan, {"cgm": CORTEX}, cgm=Status.IN_PROGRESS)
    annotate(node, scan, {"tcv": CEREBRUM} if status is Status.COMPLETE else {}, tcv=status)
    with pytest.raises(UserError, match=f"'Total cerebrum' is {status.value} already"):
        superLabelFromParts(LabelSegments(node, dhcp9), "tcv")
    assert segmentStatus(node, "tcv") is status


def test_the_remainder_of_a_complete_super_label_completes_its_last_part(node, scan, dhcp9):
    masks = {"tcv": CEREBRUM, "cgm": CORTEX, "wm": WHITE}
    annotate(node, scan, masks, **done(*masks))
    assert remainderToLastPart(LabelSegments(node, dhcp9), "tcv") == ("dgm", Status.COMPLETE)
    assert segmentStatus(node, "dgm") is Status.COMPLETE
    for name, mask in {**masks, "dgm": DEEP}.items():
        assert np.array_equal(segmentMask(node, name, scan), mask)


def test_a_last_part_that_nothing_is_left_for_is_absent(node, scan, dhcp9):
    annotate(node, scan, {"tcv": CORTEX, "cgm": CORTEX}, **done("tcv", "cgm"), wm=Status.ABSENT)
    assert remainderToLastPart(LabelSegments(node, dhcp9), "tcv") == ("dgm", Status.ABSENT)


def test_a_last_part_held_back_is_replaced_and_one_in_progress_is_kept(node, scan, dhcp9):
    masks = {"tcv": CEREBRUM, "cgm": CORTEX, "wm": WHITE}
    annotate(node, scan, masks, **done(*masks))
    paint(node, "dgm", CORTEX, scan)
    holdBack(node, "dgm")
    remainderToLastPart(LabelSegments(node, dhcp9), "tcv")
    assert np.array_equal(segmentMask(node, "dgm", scan), DEEP)
    annotate(node, scan, {"dgm": DEEP | CORTEX}, dgm=Status.IN_PROGRESS)
    with pytest.raises(UserError, match=f"{CORTEX.sum()} voxels that are another part"):
        remainderToLastPart(LabelSegments(node, dhcp9), "tcv")
    assert np.array_equal(segmentMask(node, "dgm", scan), DEEP | CORTEX)


def test_more_than_one_open_part_is_refused_by_name(node, scan, dhcp9):
    annotate(node, scan, {"tcv": CEREBRUM, "cgm": CORTEX}, **done("tcv", "cgm"))
    with pytest.raises(UserError, match="still open are White matter, Deep grey matter"):
        remainderToLastPart(LabelSegments(node, dhcp9), "tcv")


def test_overlapping_parts_are_refused_and_nothing_changes(node, scan, dhcp9):
    both = block(SHAPE, (4, 4, 8), (20, 24, 20))
    masks = {"tcv": CEREBRUM, "cgm": CORTEX, "wm": both}
    annotate(node, scan, masks, **done(*masks))
    with pytest.raises(UserError, match=f"overlaps other parts in {(CORTEX & both).sum()} voxels"):
        remainderToLastPart(LabelSegments(node, dhcp9), "tcv")
    assert segmentStatus(node, "dgm") is Status.NOT_ANNOTATED


def test_every_other_refusal_says_what_to_do(node, scan, dhcp9):
    assert "select a super-label" in whyNotFromParts(LabelSegments(node, dhcp9), "cgm")
    assert "set the status" in whyNotFromParts(LabelSegments(node, dhcp9), "tcv")
    assert "is not complete" in whyNoRemainder(LabelSegments(node, dhcp9), "tcv")
    annotate(node, scan, {**PARTS, "tcv": CEREBRUM}, **done("tcv", *PARTS))
    assert "none is open" in whyNoRemainder(LabelSegments(node, dhcp9), "tcv")
    node.GetSegmentation().RemoveSegment("tcv")
    assert "create the segments" in whyNotFromParts(LabelSegments(node, dhcp9), "tcv")


def test_surfaces_are_refused(node, scan, dhcp9):
    annotate(node, scan, PARTS, **done(*PARTS))
    node.GetSegmentation().CreateRepresentation("Closed surface")
    node.GetSegmentation().SetSourceRepresentationName("Closed surface")
    with pytest.raises(UserError, match="kept as surfaces"):
        superLabelFromParts(LabelSegments(node, dhcp9), "tcv")


def test_segments_that_share_a_labelmap_are_united_and_the_others_in_it_stay(node, scan, dhcp9):
    cerebellum = block(SHAPE, (0, 0, 0), (3, 28, 32))
    annotate(node, scan, {**PARTS, "cerebellum": cerebellum, "tcv": WHITE}, **done(*PARTS))
    node.GetSegmentation().CollapseBinaryLabelmaps(False)
    assert node.GetSegmentation().GetNumberOfLayers() < 5
    superLabelFromParts(LabelSegments(node, dhcp9), "tcv")
    for name, mask in {**PARTS, "cerebellum": cerebellum, "tcv": CEREBRUM}.items():
        assert np.array_equal(segmentMask(node, name, scan), mask), name


def test_parts_on_a_finer_grid_are_not_coarsened_and_transforms_do_not_matter(scene, dhcp9):
    fine = addScan(affine(spacing=(0.5, 0.5, 0.5), degrees=(0, 30, 0)), (48, 56, 64))
    coarse = addScan(affine(degrees=(0, 30, 0)), SHAPE)
    node = addSegmentation(coarse)
    createSegments(node, dhcp9)
    cortex = block((48, 56, 64), (9, 9, 9), (21, 33, 40))
    annotate(node, fine, {"cgm": cortex}, cgm=Status.COMPLETE, wm=Status.ABSENT, dgm=Status.ABSENT)
    paint(node, "tcv", block(SHAPE, (0, 0, 0), (2, 2, 2)), coarse)
    node.SetAndObserveTransformNodeID(addTransform(affine(degrees=(5, 6, 7))).GetID())
    superLabelFromParts(LabelSegments(node, dhcp9), "tcv")
    node.SetAndObserveTransformNodeID(None)
    assert np.array_equal(segmentMask(node, "tcv", fine), cortex)


def test_a_history_can_save_the_state_before_each_step(node, scan, dhcp9):
    annotate(node, scan, {**PARTS, "tcv": CORTEX}, **done(*PARTS), tcv=Status.IN_PROGRESS)
    history = slicer.vtkSegmentationHistory()
    history.SetSegmentation(node.GetSegmentation())
    node.AddObserver(SEGMENTS_ABOUT_TO_CHANGE, lambda caller, event: history.SaveState())
    superLabelFromParts(LabelSegments(node, dhcp9), "tcv")
    history.RestorePreviousState()
    assert np.array_equal(segmentMask(node, "tcv", scan), CORTEX)
    assert segmentStatus(node, "tcv") is Status.IN_PROGRESS


@st.composite
def brainstems(draw):
    """What is true of each voxel (0 outside, 1 to 3 the parts), and what of it was annotated."""
    size = 12
    truth = np.array(draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)))
    masks, status = {}, {}
    names = ("midbrain", "pons", "medulla", "brainstem")
    for value, name in enumerate(names, start=1):
        mask = truth > 0 if name == "brainstem" else truth == value
        state = draw(st.sampled_from(Status))
        if state is Status.IN_PROGRESS:
            mask &= np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)))
        if state in (Status.COMPLETE, Status.ABSENT):
            state = Status.COMPLETE if mask.any() else Status.ABSENT
        masks[name] = mask.reshape(2, 2, 3)
        status[name] = state
    return masks, status


@settings(max_examples=40)
@given(brainstems())
def test_no_step_says_more_or_less_than_the_annotation_said_before(drawn):
    masks, status = drawn
    scheme = LabelScheme.load("brainstem")
    with headlessScene():
        scan = addScan(shape=(2, 2, 3))
        node = addSegmentation(scan)
        createSegments(node, scheme)
        annotate(node, scan, masks, **status)
        before = Annotation.of(node, scan, scheme).labelSets().multilabel()
        for whyNot, step in (
            (whyNotFromParts, superLabelFromParts),
            (whyNoRemainder, remainderToLastPart),
        ):
            segments = LabelSegments(node, scheme)
            if not whyNot(segments, "brainstem"):
                step(segments, "brainstem")
                after = Annotation.of(node, scan, scheme).labelSets().multilabel()
                assert np.array_equal(before, after)
