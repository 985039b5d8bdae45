"""Segmentation nodes and the scan that they belong to."""

import slicer
import slicer.util

from .subjectHierarchy import placeBeside

CONTENT_EVENTS = (
    slicer.vtkSegmentation.SegmentAdded,
    slicer.vtkSegmentation.SegmentRemoved,
    slicer.vtkSegmentation.SegmentModified,
    slicer.vtkSegmentation.SourceRepresentationModified,
)
"""What a segmentation node tells when what is drawn in it, or a status, changes."""

SCAN_ROLE = "PartialSeg.Scan"
"""Role by which what this module made or was given for a scan refers to it; see oneScan."""


def addSegmentationNode(volumeNode):
    """A new segmentation node for a scan, in the scan's coordinate system."""
    scene = volumeNode.GetScene()
    name = scene.GenerateUniqueName(f"{volumeNode.GetName()} segmentation")
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    node.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
    node.SetNodeReferenceID(SCAN_ROLE, volumeNode.GetID())
    placeBeside(node, volumeNode)
    return node


def ensureReferenceVolume(segmentationNode, volumeNode) -> None:
    """Let a segmentation that has no reference volume be painted on the grid of this scan."""
    if scanOf(segmentationNode) is None:
        segmentationNode.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)


def scanOf(segmentationNode):
    """The volume node that a segmentation was made on; None where it does not say."""
    role = segmentationNode.GetReferenceImageGeometryReferenceRole()
    return segmentationNode.GetNodeReference(role)


def segmentationOf(volumeNode):
    """The newest segmentation node in the scene that was made on this scan; None if there is none.

    Nodes that are hidden from the user do not count.
    """
    nodes = slicer.util.getNodesByClass("vtkMRMLSegmentationNode", volumeNode.GetScene())
    made = [node for node in nodes if scanOf(node) is volumeNode and not node.GetHideFromEditors()]
    return made[-1] if made else None


def isKeptAsLabelmaps(segmentationNode) -> bool:
    """Whether the segments are edited and saved as labelmaps, not as surfaces or contours."""
    return (
        segmentationNode.GetSegmentation().GetSourceRepresentationName()
        == slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
    )
