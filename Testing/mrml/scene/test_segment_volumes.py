"""Volumes of segments, however they are kept."""

import numpy as np
import pytest
import slicer
import vtk

from nodes import SHAPE, addBend, addScan, addSegmentation, addTransform, affine, block, paint
from PartialSegLib.scene import segmentVolumes
from PartialSegLib.scene.segmentVolumes import SegmentVolumes

FIRST = block(SHAPE, (4, 4, 4), (10, 12, 14))
SECOND = block(SHAPE, (12, 4, 4), (20, 12, 14))
SPACING = (0.7, 0.8, 1.1)


@pytest.fixture
def scan(scene):
    return addScan(affine(spacing=SPACING, degrees=(15, -20, 8), origin=(3, 4, 50)), SHAPE)


@pytest.fixture
def node(scan):
    node = addSegmentation(scan)
    for segmentID, mask in (("first", FIRST), ("second", SECOND), ("all", FIRST | SECOND)):
        node.GetSegmentation().AddEmptySegment(segmentID)
        paint(node, segmentID, mask, scan)
    node.GetSegmentation().AddEmptySegment("empty")
    return node


@pytest.fixture
def counts(monkeypatch):
    """The segments that were measured, in their order."""
    seen = []
    measure = segmentVolumes._volumeOf

    def spy(segmentationNode, segmentID, *content):
        seen.append(segmentID)
        return measure(segmentationNode, segmentID, *content)

    monkeypatch.setattr(segmentVolumes, "_volumeOf", spy)
    return seen


def mL(mask):
    return pytest.approx(mask.sum() * np.prod(SPACING) / 1000)


def test_overlapping_segments_of_an_oblique_scan_have_their_volumes_in_mL(node):
    volumes = SegmentVolumes()
    assert volumes.volume(node, "first") == mL(FIRST)
    assert volumes.volume(node, "all") == mL(FIRST | SECOND)
    assert volumes.volume(node, "empty") == 0


def test_segments_that_share_a_labelmap_are_told_apart(node):
    node.GetSegmentation().CollapseBinaryLabelmaps(False)
    assert node.GetSegmentation().GetNumberOfLayers() == 2
    volumes = SegmentVolumes()
    assert volumes.volume(node, "first") == mL(FIRST)
    assert volumes.volume(node, "second") == mL(SECOND)


def test_what_does_not_change_is_measured_once(node, counts):
    volumes = SegmentVolumes()
    assert not volumes.known(node, "first")
    for _ in range(3):
        volumes.volume(node, "first")
    assert volumes.known(node, "first")
    assert counts == ["first"]


def test_painting_makes_a_segment_unknown_and_only_that_one(node, scan, counts):
    volumes = SegmentVolumes()
    for segmentID in ("first", "second"):
        volumes.volume(node, segmentID)
    paint(node, "first", SECOND, scan)
    assert [volumes.known(node, entry) for entry in ("first", "second")] == [False, True]
    assert volumes.volume(node, "first") == mL(SECOND)
    assert counts == ["first", "second", "first"]


def test_a_name_or_a_status_is_no_reason_to_measure_again(node, counts):
    volumes = SegmentVolumes()
    volumes.volume(node, "first")
    node.GetSegmentation().GetSegment("first").SetName("renamed")
    assert volumes.known(node, "first")


def test_segments_of_the_same_id_in_two_segmentations_are_two(node, scan):
    volumes = SegmentVolumes()
    volumes.volume(node, "first")
    other = addSegmentation(scan)
    other.GetSegmentation().AddEmptySegment("first")
    paint(other, "first", SECOND, scan)
    assert not volumes.known(other, "first")
    assert volumes.volume(other, "first") == mL(SECOND)
    assert volumes.volume(node, "first") == mL(FIRST)


def test_a_linear_transform_counts_and_a_bend_leaves_no_volume_to_tell(node):
    volumes = SegmentVolumes()
    turn = affine(spacing=(2, 1, 1), degrees=(30, 10, 0), flip=(1,))
    node.SetAndObserveTransformNodeID(addTransform(turn).GetID())
    assert volumes.volume(node, "first") == pytest.approx(2 * FIRST.sum() * np.prod(SPACING) / 1000)
    node.SetAndObserveTransformNodeID(addBend().GetID())
    assert volumes.volume(node, "first") is None


def test_a_surface_has_the_volume_that_it_encloses(scene):
    source = vtk.vtkCubeSource()
    source.SetXLength(20)
    source.SetYLength(10)
    source.SetZLength(5)
    source.Update()
    node = addSegmentation()
    node.GetSegmentation().SetSourceRepresentationName("Closed surface")
    node.AddSegmentFromClosedSurfaceRepresentation(source.GetOutput(), "cube", [1, 0, 0], "cube")
    node.AddSegmentFromClosedSurfaceRepresentation(vtk.vtkPolyData(), "empty", [1, 0, 0], "empty")
    volumes = SegmentVolumes()
    assert volumes.volume(node, "cube") == pytest.approx(1)
    assert volumes.volume(node, "empty") == 0


def test_what_is_neither_labelmap_nor_surface_has_no_volume_to_tell(scene):
    node = addSegmentation()
    node.GetSegmentation().SetSourceRepresentationName("Planar contour")
    segment = slicer.vtkSegment()
    segment.AddRepresentation("Planar contour", vtk.vtkPolyData())
    node.GetSegmentation().AddSegment(segment, "contours")
    assert SegmentVolumes().volume(node, "contours") is None
