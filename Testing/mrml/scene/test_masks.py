"""The voxels of a segment on a scan's grid, in any geometry."""

import numpy as np
import pytest
import slicer
import slicer.util
import vtk

from nodes import SHAPE, addBend, addScan, addSegmentation, addTransform, affine, block, paint
from PartialSegLib.scene.geometry import ijkToRAS
from PartialSegLib.scene.masks import labelmapsOf, segmentMask

BOX = block(SHAPE, (4, 6, 8), (14, 20, 25))
GEOMETRIES = {
    "plain": affine(),
    "anisotropic": affine(spacing=(0.5, 0.5, 2.2), origin=(-31, 12, 90)),
    "oblique": affine(spacing=(0.8, 0.8, 0.8), degrees=(12, -25, 40), origin=(5, -7, 100)),
    "flipped": affine(flip=(0, 1), origin=(40, 40, -10)),
    "left-handed oblique": affine(spacing=(1, 0.7, 1.3), degrees=(0, 30, 5), flip=(2,)),
}


def drawn(scan, mask=BOX):
    node = addSegmentation(scan)
    node.GetSegmentation().AddEmptySegment("s")
    paint(node, "s", mask, scan)
    return node


def centre(mask, scan):
    """World RAS of the centre of a mask (K, J, I) on a scan's grid."""
    k, j, i = np.argwhere(mask).mean(axis=0)
    return (ijkToRAS(scan) @ [i, j, k, 1])[:3]


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_a_mask_drawn_on_a_scan_comes_back_voxel_by_voxel(scene, geometry):
    scan = addScan(GEOMETRIES[geometry], SHAPE)
    assert np.array_equal(segmentMask(drawn(scan), "s", scan), BOX)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_it_equals_slicers_own_export(scene, geometry):
    scan = addScan(GEOMETRIES[geometry], SHAPE)
    node = drawn(scan)
    exported = slicer.util.arrayFromSegmentBinaryLabelmap(node, "s", scan)
    assert np.array_equal(segmentMask(node, "s", scan), exported != 0)


def test_a_labelmap_that_covers_only_a_part_of_the_scan_or_juts_out_of_it_is_put_in_place(scene):
    scan = addScan(shape=SHAPE)
    node = drawn(scan)
    image = slicer.vtkOrientedImageData()
    image.SetExtent(-3, 6, 10, 40, 5, 7)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    image.GetPointData().GetScalars().Fill(1)
    node.GetSegmentation().GetSegment("s").SetLabelValue(1)
    node.GetSegmentation().GetSegment("s").AddRepresentation("Binary labelmap", image)
    mask = segmentMask(node, "s", scan)
    assert np.array_equal(mask, block(SHAPE, (5, 10, 0), (8, 28, 7)))
    exported = slicer.util.arrayFromSegmentBinaryLabelmap(node, "s", scan)
    assert np.array_equal(mask, exported != 0)


def test_a_labelmap_wholly_beside_the_scan_is_an_empty_mask(scene):
    scan = addScan(shape=SHAPE)
    node = drawn(scan)
    node.GetSegmentation().GetSegment("s").GetRepresentation("Binary labelmap").SetOrigin(500, 0, 0)
    assert not segmentMask(node, "s", scan).any()


def test_segments_on_a_finer_grid_keep_their_place_and_volume(scene):
    fine = addScan(affine(spacing=(0.5, 0.5, 0.5), degrees=(10, 0, 0)), (48, 56, 64))
    scan = addScan(affine(degrees=(10, 0, 0), origin=(0.2, 0, 0)), SHAPE)
    mask = block((48, 56, 64), (8, 12, 16), (28, 40, 50))
    found = segmentMask(drawn(fine, mask), "s", scan)
    assert found.sum() == pytest.approx(mask.sum() / 8, rel=0.1)
    assert np.linalg.norm(centre(found, scan) - centre(mask, fine)) < 0.6


def test_segments_that_share_a_labelmap_on_another_grid_stay_apart(scene):
    fine = addScan(affine(spacing=(0.5, 0.5, 0.5)), (48, 56, 64))
    scan = addScan(shape=SHAPE)
    node = drawn(fine, block((48, 56, 64), (8, 8, 8), (20, 20, 20)))
    node.GetSegmentation().AddEmptySegment("t")
    paint(node, "t", block((48, 56, 64), (20, 8, 8), (32, 20, 20)), fine)
    node.GetSegmentation().CollapseBinaryLabelmaps()
    assert node.GetSegmentation().GetNumberOfLayers() == 1
    first, second = (segmentMask(node, segmentID, scan) for segmentID in "st")
    assert first.any() and second.any() and not (first & second).any()


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_scan_and_segments_under_one_transform_are_as_without(scene, geometry):
    scan = addScan(GEOMETRIES[geometry], SHAPE)
    node = drawn(scan)
    turn = addTransform(affine(degrees=(20, 10, 5), origin=(30, 4, 8)))
    for moved in (scan, node):
        moved.SetAndObserveTransformNodeID(turn.GetID())
    assert np.array_equal(segmentMask(node, "s", scan), BOX)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_a_transform_of_the_segmentation_moves_the_mask_on_the_scan(scene, geometry):
    scan = addScan(GEOMETRIES[geometry], SHAPE)
    node = drawn(scan)
    step = GEOMETRIES[geometry][:3, 0] * 3  # three voxels along I
    shift = np.eye(4)
    shift[:3, 3] = step
    node.SetAndObserveTransformNodeID(addTransform(shift).GetID())
    assert np.array_equal(segmentMask(node, "s", scan), np.roll(BOX, 3, axis=2))


def test_a_transform_of_the_scan_alone_moves_the_mask_the_other_way(scene):
    scan = addScan(GEOMETRIES["oblique"], SHAPE)
    node = drawn(scan)
    shift = np.eye(4)
    shift[:3, 3] = GEOMETRIES["oblique"][:3, 2] * 2
    scan.SetAndObserveTransformNodeID(addTransform(shift).GetID())
    assert np.array_equal(segmentMask(node, "s", scan), np.roll(BOX, -2, axis=0))


def test_nested_rotations_of_both_nodes_keep_the_place_in_the_world(scene):
    scan = addScan(GEOMETRIES["oblique"], SHAPE)
    small = block(SHAPE, (9, 10, 12), (15, 18, 20))
    node = drawn(scan, small)
    outer = addTransform(affine(degrees=(0, 0, 15), origin=(1, 2, 0)))
    before = centre(small, scan)
    aroundIt = affine(origin=before) @ affine(degrees=(25, 0, 10), origin=(2, -1, 1))
    inner = addTransform(aroundIt @ affine(origin=-before))
    inner.SetAndObserveTransformNodeID(outer.GetID())
    node.SetAndObserveTransformNodeID(inner.GetID())
    scan.SetAndObserveTransformNodeID(outer.GetID())
    toWorld = slicer.util.arrayFromTransformMatrix(inner, toWorld=True)
    expected = (toWorld @ [*before, 1])[:3]
    found = segmentMask(node, "s", scan)
    assert np.linalg.norm(centre(found, scan) - expected) < 0.4
    assert found.sum() == pytest.approx(small.sum(), rel=0.1)


def test_a_bent_segmentation_lands_where_the_bending_takes_it(scene):
    scan = addScan(shape=SHAPE)
    node = drawn(scan)
    bend = addBend()
    node.SetAndObserveTransformNodeID(bend.GetID())
    found = segmentMask(node, "s", scan)
    expected = bend.GetTransformToParent().TransformPoint(*centre(BOX, scan))
    assert np.linalg.norm(centre(found, scan) - expected) < 0.5
    assert found.sum() == pytest.approx(BOX.sum(), rel=0.1)


def sphere(node, segmentID, position, radius):
    source = vtk.vtkSphereSource()
    source.SetCenter(position)
    source.SetRadius(radius)
    source.SetPhiResolution(40)
    source.SetThetaResolution(40)
    source.Update()
    segment = slicer.vtkSegment()
    segment.SetName(segmentID)
    segment.AddRepresentation("Closed surface", source.GetOutput())
    node.GetSegmentation().AddSegment(segment, segmentID)


def test_a_surface_is_filled_on_the_scans_grid_and_the_node_stays_a_surface(scene):
    scan = addScan(GEOMETRIES["oblique"], SHAPE)
    position = centre(np.ones(SHAPE), scan)
    node = addSegmentation()
    node.GetSegmentation().SetSourceRepresentationName("Closed surface")
    sphere(node, "s", position, 6)
    before = scene.GetNumberOfNodes()
    with labelmapsOf(node, scan) as labelmaps:
        found = segmentMask(labelmaps, "s", scan)
    assert found.sum() * 0.8**3 == pytest.approx(4 / 3 * np.pi * 6**3, rel=0.05)
    assert np.linalg.norm(centre(found, scan) - position) < 0.4
    assert not node.GetSegmentation().ContainsRepresentation("Binary labelmap")
    assert scene.GetNumberOfNodes() == before


def test_a_surface_under_a_transform_is_filled_where_it_is_shown(scene):
    scan = addScan(shape=SHAPE)
    node = addSegmentation()
    node.GetSegmentation().SetSourceRepresentationName("Closed surface")
    sphere(node, "s", (12, 14, 12), 5)
    node.SetAndObserveTransformNodeID(addTransform(affine(origin=(4, 0, -1))).GetID())
    with labelmapsOf(node, scan) as labelmaps:
        found = segmentMask(labelmaps, "s", scan)
    assert np.linalg.norm(centre(found, scan) - (16, 14, 11)) < 0.2


def test_an_empty_segment_is_an_empty_mask(scene):
    scan = addScan(shape=SHAPE)
    node = addSegmentation(scan)
    node.GetSegmentation().AddEmptySegment("s")
    assert segmentMask(node, "s", scan).shape == SHAPE
    assert not segmentMask(node, "s", scan).any()
