"""New segmentation nodes, and the scan that they belong to."""

import slicer

from nodes import addScan, addSegmentation, addTransform, affine
from PartialSegLib.scene.segmentationNodes import (
    addSegmentationNode,
    ensureReferenceVolume,
    isKeptAsLabelmaps,
)

ROLE = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()


def test_a_new_segmentation_is_named_after_its_scan_and_lies_in_its_coordinate_system(scene):
    scan = addScan()
    scan.SetAndObserveTransformNodeID(addTransform(affine(degrees=(5, 0, 0))).GetID())
    node = addSegmentationNode(scan)
    assert node.GetName() == "scan segmentation"
    assert node.GetTransformNodeID() == scan.GetTransformNodeID()
    assert node.GetDisplayNode() is not None
    assert addSegmentationNode(scan).GetName() != node.GetName()


def test_the_first_reference_volume_stays(scene):
    node, first, second = addSegmentation(), addScan(), addScan()
    ensureReferenceVolume(node, first)
    ensureReferenceVolume(node, second)
    assert node.GetNodeReference(ROLE) is first


def test_surfaces_are_told_from_labelmaps(scene):
    node = addSegmentation()
    assert isKeptAsLabelmaps(node)
    node.GetSegmentation().SetSourceRepresentationName("Closed surface")
    assert not isKeptAsLabelmaps(node)
