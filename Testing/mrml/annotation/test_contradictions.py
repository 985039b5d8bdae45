"""Contradictions of an annotation, found by the engine in a process of its own."""

import numpy as np
import pytest
import slicer

from nodes import (
    CORTEX,
    OBLIQUE,
    SHAPE,
    addScan,
    addTransform,
    affine,
    annotate,
    block,
    paint,
)
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import Status
from PartialSegLib.annotation.contradictions import contradictions, contradictionsJob
from PartialSegLib.annotation.scanAnnotation import Annotation

CONFLICT = block(SHAPE, (9, 12, 7), (10, 13, 8))


@pytest.fixture
def node(node, scan):
    """With a voxel that is cortex and fluid at once."""
    complete = dict.fromkeys(("cgm", "csf"), Status.COMPLETE)
    annotate(node, scan, {"cgm": CORTEX, "csf": CONFLICT}, **complete)
    return node


def test_a_contradiction_is_found_with_its_labels_size_and_place_in_the_world(node, scan, dhcp9):
    turn = affine(degrees=(0, 30, 0), origin=(10, 0, 0))
    for moved in (scan, node):
        moved.SetAndObserveTransformNodeID(addTransform(turn).GetID())
    (found,) = contradictions(Annotation.of(node, scan, dhcp9))
    assert set(found.labels) == {"cgm", "csf"}
    assert found.voxels == 1
    assert found.ras == pytest.approx((turn @ OBLIQUE @ [7, 12, 9, 1])[:3], abs=1e-3)
    title = dhcp9["csf"].title
    assert found.message.startswith(f"{title} and Cortical grey matter overlap in 1 voxel, ")


def test_an_annotation_that_agrees_with_itself_has_none(node, scan, dhcp9):
    paint(node, "csf", np.roll(CONFLICT, 10, axis=2), scan)
    assert contradictions(Annotation.of(node, scan, dhcp9)) == []


def test_outside_the_annotated_region_nothing_is_said_and_so_nothing_contradicts(
    node, scan, dhcp9, scene
):
    roi = slicer.vtkMRMLMarkupsROINode()
    scene.AddNode(roi)
    roi.SetSize(2, 2, 2)
    roi.SetCenter(*(OBLIQUE @ [20, 20, 20, 1])[:3])
    assert contradictions(Annotation.of(node, scan, dhcp9, roi)) == []


def test_a_segment_that_is_not_on_the_scan_is_refused_in_a_sentence(node, dhcp9):
    other = addScan(affine(origin=(500, 0, 0)), SHAPE)
    with pytest.raises(UserError, match="select the scan"):
        contradictions(Annotation.of(node, other, dhcp9))


def test_masks_are_taken_one_a_poll_and_a_cancelled_check_says_nothing(node, scan, dhcp9):
    said = []
    job = contradictionsJob(
        Annotation.of(node, scan, dhcp9), onFinished=said.append, onFailed=said.append
    )
    job.poll()
    assert [file.name for file in (job.folder.path / "masks").iterdir()] == ["csf.npy"]
    job.cancel()
    assert job.poll()
    assert not said
    assert not job.folder.path.exists()
