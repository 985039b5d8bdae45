"""Masks of segments on the voxel grid that their segmentation keeps them on.

Here nothing is resampled to a scan and back, and transforms above the segmentation do not matter.
"""

from collections.abc import Collection

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from .masks import cutOut
from .ownLabelmaps import giveOwnLabelmaps

_LABELMAP = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
_Resample = slicer.vtkOrientedImageDataResample


def commonGrid(segmentationNode, segmentIDs: Collection[str]) -> slicer.vtkOrientedImageData:
    """A grid, without voxels, that holds all that is painted in some segments; else an empty one.

    It is the grid of their labelmaps, as far as these reach, where they have one in common.
    Otherwise Slicer finds one that is as fine as the finest of them.
    """
    segmentation = segmentationNode.GetSegmentation()
    content = [segmentation.GetSegment(entry).GetRepresentation(_LABELMAP) for entry in segmentIDs]
    labelmaps = [
        labelmap for labelmap in content if labelmap is not None and not labelmap.IsEmpty()
    ]
    grid = slicer.vtkOrientedImageData()
    if not labelmaps:
        return grid
    if all(_Resample.DoGeometriesMatch(labelmap, labelmaps[0]) for labelmap in labelmaps):
        _copyGeometry(labelmaps[0], grid)
        extents = np.array([labelmap.GetExtent() for labelmap in labelmaps])
        grid.SetExtent(np.where([1, 0] * 3, extents.min(0), extents.max(0)).tolist())
        return grid
    listed = vtk.vtkStringArray()
    for segmentID in segmentIDs:
        listed.InsertNextValue(segmentID)
    segmentation.SetImageGeometryFromCommonLabelmapGeometry(
        grid, listed, segmentation.EXTENT_UNION_OF_EFFECTIVE_SEGMENTS
    )
    return grid


def maskOn(grid, segmentationNode, segmentID: str) -> np.ndarray:
    """Bool array (K, J, I) on a grid: where a segment is; nearest neighbour where grids differ."""
    segment = segmentationNode.GetSegmentation().GetSegment(segmentID)
    labelmap = segment.GetRepresentation(_LABELMAP)
    if grid.IsEmpty() or labelmap is None or labelmap.IsEmpty():
        return np.zeros(grid.GetDimensions()[::-1], dtype=bool)
    if _Resample.DoGeometriesMatch(labelmap, grid):
        return cutOut(labelmap, segment.GetLabelValue(), grid.GetExtent())
    labelmap = slicer.vtkOrientedImageData()
    segmentationNode.GetBinaryLabelmapRepresentation(segmentID, labelmap)
    placed = slicer.vtkOrientedImageData()
    _Resample.ResampleOrientedImageToReferenceOrientedImage(labelmap, grid, placed)
    return _array(placed) != 0


def setMask(grid, segmentationNode, segmentID: str, mask: np.ndarray) -> None:
    """Replace the content of a segment by a mask (K, J, I) on a grid.

    The other segments stay as they are.
    """
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    if not mask.any():
        logic.ClearSegment(segmentationNode, segmentID)
        return
    image = slicer.vtkOrientedImageData()
    _copyGeometry(grid, image)
    image.SetExtent(grid.GetExtent())
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    _array(image)[...] = mask
    # Into a labelmap that segments share Slicer writes only what lies on its grid.
    giveOwnLabelmaps(segmentationNode, [segmentID])
    if not logic.SetBinaryLabelmapToSegment(image, segmentationNode, segmentID, logic.MODE_REPLACE):
        raise RuntimeError("Slicer could not change the segment; its log says why.")


def _copyGeometry(source, target) -> None:
    matrix = vtk.vtkMatrix4x4()
    source.GetImageToWorldMatrix(matrix)
    target.SetGeometryFromImageToWorldMatrix(matrix)


def _array(image) -> np.ndarray:
    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])
