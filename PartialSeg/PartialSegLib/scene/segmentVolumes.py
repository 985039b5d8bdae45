"""Volumes of segments in mL, measured one at a time and kept until a segment changes."""

from __future__ import annotations

import numpy as np
import slicer
import slicer.util
import vtk

from partialseg_trainer.errors import UserError

from .geometry import transformToWorld

_LABELMAP = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
_SURFACE = slicer.vtkSegmentationConverter.GetSegmentationClosedSurfaceRepresentationName()


class SegmentVolumes:
    """Remembers what it measured, for as long as the content of the segment is the same object.

    A measurement takes a few milliseconds for 256^3 voxels, so that whoever holds the event loop
    asks `known` first and measures one segment at a time.
    """

    def __init__(self) -> None:
        self._measured: dict[tuple[str, str], tuple[tuple, float]] = {}

    def known(self, segmentationNode, segmentID: str) -> bool:
        """Whether the segment is measured already, as it is now."""
        key = (segmentationNode.GetID(), segmentID)
        return key in self._measured and self._measured[key][0] == _stamp(
            *_content(segmentationNode, segmentID)
        )

    def volume(self, segmentationNode, segmentID: str) -> float | None:
        """The volume of a segment in mL, in the world: linear transforms of the node count.

        None where there is no volume to tell: the segment is kept neither as a labelmap nor as a
        surface, or a transform above the segmentation bends space.
        """
        content, value = _content(segmentationNode, segmentID)
        if content is None:
            return None
        try:
            scale = abs(np.linalg.det(transformToWorld(segmentationNode)[:3, :3]))
        except UserError:
            return None
        key, stamp = (segmentationNode.GetID(), segmentID), _stamp(content, value)
        if key not in self._measured or self._measured[key][0] != stamp:
            self._measured[key] = (stamp, _volumeOf(segmentationNode, segmentID, content, value))
        return float(self._measured[key][1] * scale / 1000)


def _content(segmentationNode, segmentID: str):
    """What a segment consists of, a labelmap before a surface, and its value in the labelmap."""
    segment = segmentationNode.GetSegmentation().GetSegment(segmentID)
    content = segment.GetRepresentation(_LABELMAP) or segment.GetRepresentation(_SURFACE)
    return content, segment.GetLabelValue()


def _stamp(content, value: int) -> tuple:
    """What changes with the content of a segment, without holding on to it."""
    return content and (content.GetAddressAsString(""), content.GetMTime(), value)


def _volumeOf(segmentationNode, segmentID: str, content, value: int) -> float:
    """Volume in mm3 in the node's own coordinates."""
    if content.IsA("vtkPolyData"):
        return _enclosedVolume(content)
    if content.IsEmpty():
        return 0.0
    labelmap = slicer.util.arrayFromSegmentInternalBinaryLabelmap(segmentationNode, segmentID)
    return np.count_nonzero(labelmap == value) * float(np.prod(content.GetSpacing()))


def _enclosedVolume(surface) -> float:
    if surface.GetNumberOfPolys() + surface.GetNumberOfStrips() == 0:
        return 0.0
    triangles = vtk.vtkTriangleFilter()
    triangles.SetInputData(surface)
    properties = vtk.vtkMassProperties()
    properties.SetInputConnection(triangles.GetOutputPort())
    properties.Update()
    return properties.GetVolume()
