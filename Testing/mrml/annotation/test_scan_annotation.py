"""From segments and their statuses to label sets."""

import numpy as np
import pytest
import slicer

from nodes import (
    CEREBRUM,
    CORTEX,
    OBLIQUE,
    SHAPE,
    addBend,
    addScan,
    addSegmentation,
    addTransform,
    affine,
    annotate,
    block,
)
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import ContradictionError, LabelScheme, LabelSets, Status
from PartialSegLib.annotation.scanAnnotation import Annotation
from PartialSegLib.engine.jobs import Job
from PartialSegLib.scene.geometry import kjiToRAS
from PartialSegLib.scene.labelSegments import LabelSegments
from PartialSegLib.scene.region import placeROI, regionFromROI
from PartialSegLib.scene.segments import createSegments
from PartialSegLib.scene.segmentStatus import setSegmentStatus


def test_overlapping_super_and_sub_label_give_what_the_engine_makes_of_the_same_masks(
    node, scan, dhcp9
):
    masks = {"tcv": CEREBRUM, "cgm": CORTEX}
    status = {
        "tcv": Status.COMPLETE,
        "cgm": Status.IN_PROGRESS,
        "csf": Status.ABSENT,
        "wm": Status.NOT_ANNOTATED,
    }
    annotate(node, scan, masks, **status)
    sets = Annotation.of(node, scan, dhcp9).labelSets()
    expected = LabelSets.from_masks(dhcp9, masks, status)
    assert sets.shape == SHAPE
    assert np.array_equal(sets.multilabel(), expected.multilabel())


def test_statuses_cover_every_label_even_without_a_segment(scan, dhcp9):
    node = addSegmentation(scan)
    node.GetSegmentation().AddEmptySegment("own", "TCV")
    annotate(node, scan, {"own": CEREBRUM}, own=Status.COMPLETE)
    statuses = LabelSegments(node, dhcp9).statuses()
    assert set(statuses) == set(dhcp9.names)
    assert statuses["tcv"] is Status.COMPLETE
    assert statuses["cgm"] is Status.NOT_ANNOTATED


def test_an_empty_segment_says_nothing_until_it_is_completed(node, scan, dhcp9):
    annotate(node, scan, {"tcv": CEREBRUM}, tcv=Status.COMPLETE)
    assert (Annotation.of(node, scan, dhcp9).labelSets().value_of("csf")[~CEREBRUM] == 2).all()
    setSegmentStatus(node, "csf", Status.ABSENT)
    assert (Annotation.of(node, scan, dhcp9).labelSets().value_of("csf") == 0).all()


def test_paint_that_is_not_annotated_says_nothing(node, scan, dhcp9):
    annotate(node, scan, {"csf": CORTEX}, csf=Status.NOT_ANNOTATED)
    assert (Annotation.of(node, scan, dhcp9).labelSets().value_of("csf") == 2).all()


def test_a_segmentation_without_segments_says_nothing(scan, dhcp9):
    sets = Annotation.of(addSegmentation(scan), scan, dhcp9).labelSets()
    assert sets.shape == SHAPE
    assert sets.leaf_sets().all()


def test_a_contradiction_is_shown_at_its_place_in_the_world(node, scan, dhcp9):
    conflict = (slice(9, 10), slice(12, 13), slice(7, 8))
    csf = np.zeros(SHAPE, dtype=bool)
    csf[conflict] = True
    annotate(node, scan, {"cgm": CORTEX, "csf": csf}, cgm=Status.COMPLETE, csf=Status.IN_PROGRESS)
    turn = affine(degrees=(0, 30, 0), origin=(10, 0, 0))
    transform = addTransform(turn)
    for moved in (scan, node):
        moved.SetAndObserveTransformNodeID(transform.GetID())
    with pytest.raises(ContradictionError) as caught:
        Annotation.of(node, scan, dhcp9).labelSets()
    (contradiction,) = caught.value.contradictions
    assert set(contradiction.labels) == {"cgm", "csf"}
    assert contradiction.voxels == 1
    assert contradiction.ras == pytest.approx((turn @ OBLIQUE @ [7, 12, 9, 1])[:3], abs=1e-3)


def test_a_complete_segment_beside_the_scan_is_refused_rather_than_taken_for_absent(
    node, scan, dhcp9
):
    annotate(node, scan, {"tcv": CEREBRUM}, tcv=Status.COMPLETE)
    other = addScan(affine(origin=(500, 0, 0)), SHAPE)
    with pytest.raises(UserError, match="select the scan"):
        Annotation.of(node, other, dhcp9).labelSets()


def test_a_scan_under_a_transform_that_bends_is_refused(node, scan, dhcp9):
    scan.SetAndObserveTransformNodeID(addBend().GetID())
    with pytest.raises(UserError, match="harden"):
        Annotation.of(node, scan, dhcp9).labelSets()


def test_nothing_is_known_outside_the_annotated_region(node, scan, dhcp9):
    annotate(node, scan, {"tcv": CEREBRUM}, tcv=Status.COMPLETE)
    region = block(SHAPE, (10, 0, 0), (12, 28, 32))
    roi = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
    placeROI(roi, (10, 0, 0), (11, 27, 31), kjiToRAS(scan))
    known = Annotation.of(node, scan, dhcp9, roi).labelSets().value_of("tcv")
    assert (known[~region] == 2).all()
    assert np.array_equal(known[region], CEREBRUM[region])


def addROI(scene, centre, size):
    roi = slicer.vtkMRMLMarkupsROINode()
    scene.AddNode(roi)
    roi.SetCenter(*centre)
    roi.SetSize(*size)
    return roi


def test_a_box_takes_the_voxels_whose_centres_it_holds(scene):
    scan = addScan(shape=SHAPE)
    region = regionFromROI(addROI(scene, (10, 12, 8), (4, 2, 6)), scan)
    assert np.array_equal(region, block(SHAPE, (5, 11, 8), (12, 14, 13)))


def test_a_box_and_an_oblique_scan_under_transforms_meet_in_the_world(scene):
    turn = affine(degrees=(0, 0, 90), origin=(2, 0, 0))
    scan = addScan(affine(), SHAPE)
    scan.SetAndObserveTransformNodeID(addTransform(turn).GetID())
    roi = addROI(scene, (5, 6, 4), (2, 4, 8))
    scale = addTransform(turn @ np.diag([2, 2, 2, 1]))
    roi.SetAndObserveTransformNodeID(scale.GetID())
    region = regionFromROI(roi, scan)
    assert np.array_equal(region, block(SHAPE, (0, 8, 8), (17, 17, 13)))


@pytest.mark.parametrize("degrees", [(0, 0, 0), (90, 0, 0), (0, 90, 0), (25, -40, 70)])
def test_a_turned_box_holds_what_lies_within_its_faces(scene, degrees):
    matrix = affine((0.7, 1.1, 0.9), (12, 5, -8), (-9, 3, 1), flip=(0,))
    scan = addScan(matrix, SHAPE)
    roi = addROI(scene, (0, 0, 0), (9, 12, 7))
    centre = (matrix @ [16, 14, 12, 1])[:3]
    turn = affine(degrees=degrees, origin=centre)
    roi.SetAndObserveTransformNodeID(addTransform(turn).GetID())
    i, j, k = np.meshgrid(*map(range, SHAPE[::-1]), indexing="ij")
    voxels = np.stack([i, j, k, np.ones_like(i)])
    inBox = np.einsum("rc,cijk->rijk", np.linalg.inv(turn) @ matrix, voxels)[:3]
    expected = (abs(inBox) <= np.array([9, 12, 7])[:, None, None, None] / 2).all(axis=0)
    assert np.array_equal(regionFromROI(roi, scan), expected.T)


def test_a_box_beside_the_scan_is_refused(scene):
    with pytest.raises(UserError, match="holds no voxel"):
        regionFromROI(addROI(scene, (500, 0, 0), (10, 10, 10)), addScan(shape=SHAPE))


def test_the_segments_of_every_preset_can_be_read(scan):
    for preset in ("fetal8", "brainstem", "wmh-stroke"):
        scheme = LabelScheme.load(preset)
        node = addSegmentation(scan)
        createSegments(node, scheme)
        name = scheme.names[0]
        annotate(node, scan, {name: CORTEX}, **{name: Status.COMPLETE})
        value = Annotation.of(node, scan, scheme).labelSets().value_of(name)
        assert np.array_equal(value, CORTEX)


def test_a_job_gets_what_the_label_sets_are_made_of(node, scan, dhcp9):
    annotate(
        node,
        scan,
        {"tcv": CEREBRUM, "cgm": CORTEX, "wm": CORTEX},
        tcv=Status.COMPLETE,
        cgm=Status.IN_PROGRESS,
        csf=Status.ABSENT,
    )
    roi = addROI(slicer.mrmlScene, (8, 8, 60), (30, 30, 30))
    results = []
    job = Job(
        "check",
        Annotation.of(node, scan, dhcp9).request(),
        Annotation.of(node, scan, dhcp9, roi).arrays(),
        onFinished=lambda result, folder: results.append(
            (result, folder.array("codebook")[folder.array("codes")])
        ),
    )
    job.wait()
    ((result, vectors),) = results
    expected = Annotation.of(node, scan, dhcp9, roi).labelSets()
    assert result["contradictions"] == []
    assert np.array_equal(np.moveaxis(vectors, -1, 0), expected.multilabel())


def test_a_segment_removed_while_masks_are_made_is_said_in_a_sentence(node, scan, dhcp9):
    annotate(
        node,
        scan,
        {"cgm": CORTEX, "tcv": CEREBRUM},
        cgm=Status.IN_PROGRESS,
        tcv=Status.COMPLETE,
    )
    arrays = Annotation.of(node, scan, dhcp9).arrays()
    assert next(arrays)[0] == "masks/cgm"
    node.GetSegmentation().RemoveSegment("tcv")
    with pytest.raises(UserError, match="removed"):
        next(arrays)


def test_two_segments_of_one_name_are_one_annotation(scan, dhcp9):
    node = addSegmentation(scan)
    left, right = CEREBRUM.copy(), CEREBRUM.copy()
    left[:, :, 16:] = right[:, :, :16] = False
    for segmentID, name, mask in (("L", "White matter", left), ("R", "white matter ", right)):
        node.GetSegmentation().AddEmptySegment(segmentID, name)
        annotate(node, scan, {segmentID: mask}, **{segmentID: Status.COMPLETE})
    found = Annotation.of(node, scan, dhcp9).labelSets()
    assert np.array_equal(found.value_of("wm"), CEREBRUM)
    setSegmentStatus(node, "R", Status.NOT_ANNOTATED)
    begun = Annotation.of(node, scan, dhcp9).labelSets()
    assert np.array_equal(begun.value_of("wm"), np.where(left, 1, 2))
    node.GetSegmentation().AddEmptySegment("none", "WM")
    setSegmentStatus(node, "none", Status.ABSENT)
    with pytest.raises(UserError, match=r"'WM \(none\)' says that it is absent.*\(L\)' is painted"):
        Annotation.of(node, scan, dhcp9).labelSets()


def test_a_segment_renamed_to_another_label_is_refused(node, scan, dhcp9):
    node.GetSegmentation().GetSegment("wm").SetName("Ventricles")
    with pytest.raises(UserError, match="'Ventricles' has the ID 'wm'"):
        Annotation.of(node, scan, dhcp9).request()
