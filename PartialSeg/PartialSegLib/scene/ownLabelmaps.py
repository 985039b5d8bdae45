"""Segments taken out of the labelmaps that they share, before they get new content.

Slicer would clear one segment at a time, with several passes over the whole labelmap.
"""

from collections.abc import Collection

import numpy as np
import slicer
from vtk.util.numpy_support import vtk_to_numpy

from partialseg_trainer.labels.encode import look_up

from .emptySegments import placeEmptySegments

_LABELMAP = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()


def giveOwnLabelmaps(segmentationNode, segmentIDs: Collection[str]) -> None:
    """Make segments empty, each with a labelmap of its own; all other segments stay as they are."""
    segmentation = segmentationNode.GetSegmentation()
    staying = {
        segmentation.GetSegment(segmentID).GetRepresentation(_LABELMAP)
        for segmentID in segmentation.GetSegmentIDs()
        if segmentID not in segmentIDs
    }
    erased: dict[slicer.vtkOrientedImageData, list[int]] = {}
    for segmentID in segmentIDs:
        segment = segmentation.GetSegment(segmentID)
        labelmap = segment.GetRepresentation(_LABELMAP)
        if labelmap in staying and labelmap is not None and not labelmap.IsEmpty():
            erased.setdefault(labelmap, []).append(segment.GetLabelValue())
    for labelmap, values in erased.items():
        _erase(labelmap, values)
    for segmentID in segmentIDs:
        segment = segmentation.GetSegment(segmentID)
        segment.AddRepresentation(_LABELMAP, slicer.vtkOrientedImageData())
        segment.SetLabelValue(1)
    placeEmptySegments(segmentationNode)


def _erase(labelmap, values: list[int]) -> None:
    voxels = vtk_to_numpy(labelmap.GetPointData().GetScalars())
    table = np.arange(max(voxels.max(), *values) + 1, dtype=voxels.dtype)
    table[values] = 0
    look_up(table, voxels, out=voxels)
    labelmap.Modified()
