"""Empty segments put on the grid of their segmentation, so that saving does not harm the others."""

import slicer
import vtk


def placeEmptySegments(segmentationNode) -> None:
    """Give the labelmaps of empty segments the geometry of the segmentation's reference volume.

    When Slicer saves a segmentation, it merges labelmaps that do not overlap, on the grid of the
    first one. A new empty labelmap has 1 mm voxels along the scanner's axes, and as the first one
    it would so take the resolution and the orientation of all the painted ones.
    """
    segmentation = segmentationNode.GetSegmentation()
    converter = slicer.vtkSegmentationConverter
    parameter = converter.GetReferenceImageGeometryParameterName()
    geometry = segmentation.GetConversionParameter(parameter)
    matrix, extent = vtk.vtkMatrix4x4(), [0] * 6
    if not geometry or not converter.DeserializeImageGeometry(geometry, matrix, extent):
        return
    name = converter.GetSegmentationBinaryLabelmapRepresentationName()
    for segmentID in segmentation.GetSegmentIDs():
        labelmap = segmentation.GetSegment(segmentID).GetRepresentation(name)
        if labelmap is not None and labelmap.IsEmpty():
            labelmap.SetGeometryFromImageToWorldMatrix(matrix)
