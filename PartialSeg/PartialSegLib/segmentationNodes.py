"""Segmentation nodes and the scan that they belong to."""

import slicer

from .subjectHierarchy import placeBeside


def addSegmentationNode(volumeNode):
    """A new segmentation node for a scan, in the scan's coordinate system."""
    scene = volumeNode.GetScene()
    name = scene.GenerateUniqueName(f"{volumeNode.GetName()} segmentation")
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    node.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
    placeBeside(node, volumeNode)
    return node


def ensureReferenceVolume(segmentationNode, volumeNode) -> None:
    """Let a segmentation that has no reference volume be painted on the grid of this scan."""
    role = segmentationNode.GetReferenceImageGeometryReferenceRole()
    if segmentationNode.GetNodeReference(role) is None:
        segmentationNode.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)


def isKeptAsLabelmaps(segmentationNode) -> bool:
    """Whether the segments are edited and saved as labelmaps, not as surfaces or contours."""
    return (
        segmentationNode.GetSegmentation().GetSourceRepresentationName()
        == slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
    )
