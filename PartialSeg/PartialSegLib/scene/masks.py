"""The voxels of a segment on the grid of a volume."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from partialseg_trainer.errors import UserError

from .geometry import arrayShape, sameTransform

_LABELMAP = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()


@contextmanager
def labelmapsOf(segmentationNode, volumeNode) -> Iterator[slicer.vtkMRMLSegmentationNode]:
    """Yield the node itself where it is kept in labelmaps, else a temporary copy that is.

    Surfaces and contours are converted at the resolution of the volume, by Slicer's converters.
    The copy leaves the scene at the end, and the node stays as it is.
    """
    if segmentationNode.GetSegmentation().GetSourceRepresentationName() == _LABELMAP:
        yield segmentationNode
        return
    scene = segmentationNode.GetScene()
    copy = slicer.vtkMRMLSegmentationNode()
    copy.SetHideFromEditors(True)
    copy.SetSaveWithScene(False)
    scene.AddNode(copy)
    try:
        copy.GetSegmentation().DeepCopy(segmentationNode.GetSegmentation())
        copy.SetAndObserveTransformNodeID(segmentationNode.GetTransformNodeID())
        copy.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)
        if not copy.GetSegmentation().CreateRepresentation(_LABELMAP, True):
            raise UserError(
                "The segmentation is kept as surfaces that Slicer cannot convert to labelmaps; "
                "create its binary labelmap representation in the Segmentations module."
            )
        yield copy
    finally:
        scene.RemoveNode(copy)


def segmentMask(segmentationNode, segmentID: str, volumeNode) -> np.ndarray:
    """Bool array (K, J, I) on the volume's grid: where the segment is.

    The segmentation must have labelmaps (see `labelmapsOf`). Segments on another grid, or under
    another transform than the volume, are resampled by Slicer, nearest neighbour.
    """
    segment = segmentationNode.GetSegmentation().GetSegment(segmentID)
    labelmap = segment.GetRepresentation(_LABELMAP)
    if labelmap is None or labelmap.IsEmpty():
        return np.zeros(arrayShape(volumeNode), dtype=bool)
    if sameTransform(segmentationNode, volumeNode) and _onGrid(labelmap, volumeNode):
        extent = volumeNode.GetImageData().GetExtent()
        return cutOut(labelmap, segment.GetLabelValue(), extent)
    return _resampled(segmentationNode, segmentID, volumeNode)


def _onGrid(labelmap, volumeNode) -> bool:
    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    grid = slicer.vtkOrientedImageData()
    grid.SetGeometryFromImageToWorldMatrix(matrix)
    return slicer.vtkOrientedImageDataResample.DoGeometriesMatch(grid, labelmap)


def cutOut(labelmap, value: int, extent: Sequence[int]) -> np.ndarray:
    """Bool array (K, J, I): where a labelmap has a value, within an extent of the labelmap's grid.

    `extent` is of I, J, K, the first and the last voxel of each; the labelmap may cover another
    one. Slicer's export would give the same, through five passes over the whole volume.
    """
    first, last = _limits(extent)
    mask = np.zeros(last - first + 1, dtype=bool)
    covered, end = _limits(labelmap.GetExtent())
    begin, end = np.maximum(first, covered), np.minimum(last, end) + 1
    if np.any(end <= begin):
        return mask
    inside = tuple(map(slice, begin - first, end - first))
    part = tuple(map(slice, begin - covered, end - covered))
    np.equal(_array(labelmap)[part], value, out=mask[inside])
    return mask


def _limits(extent: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last indices (K, J, I) of an extent."""
    first, last = np.reshape(extent, (3, 2))[::-1].T
    return first, last


def _resampled(segmentationNode, segmentID: str, volumeNode) -> np.ndarray:
    segmentIDs = vtk.vtkStringArray()
    segmentIDs.InsertNextValue(segmentID)
    merged = slicer.vtkOrientedImageData()
    slicer.vtkSlicerSegmentationsModuleLogic.GenerateMergedLabelmapInReferenceGeometry(
        segmentationNode,
        volumeNode,
        segmentIDs,
        slicer.vtkSegmentation.EXTENT_REFERENCE_GEOMETRY,
        merged,
    )
    return _array(merged) != 0


def _array(image) -> np.ndarray:
    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])
