"""A segmentation in the 3D view: smooth surfaces, and what lies around the others seen through."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import slicer

from .labelDisplay import isOutline

_LABELMAP = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
_SURFACE = slicer.vtkSegmentationConverter.GetSegmentationClosedSurfaceRepresentationName()
_RULE = slicer.vtkBinaryLabelmapToClosedSurfaceConversionRule
# Surface nets: smooth, and faster than flying edges with smoothing after it.
_SURFACE_NETS = "1"
_SEEN_THROUGH = 0.15


def showSurfaces(segmentationNode) -> Generator[None, None, None]:
    """Make the surfaces of all segments, one a step, and show them in 3D views.

    A super-label whose parts are shown is left out, and a segment that encloses most others (the
    fluid around the brain) is seen through. Surfaces that are there already stay.
    """
    segmentation, boxes = segmentationNode.GetSegmentation(), {}
    wasModifying = segmentationNode.StartModify()
    try:
        for segmentID in segmentation.GetSegmentIDs():
            segment = segmentation.GetSegment(segmentID)
            if segment is None:
                continue
            if segment.GetRepresentation(_SURFACE) is None:
                _addSurface(segment)
            surface = segment.GetRepresentation(_SURFACE)
            if surface is not None and surface.GetNumberOfPoints():
                boxes[segmentID] = np.array(surface.GetBounds()).reshape(3, 2)
            yield
        segmentationNode.CreateClosedSurfaceRepresentation()
    finally:
        segmentationNode.EndModify(wasModifying)
    display = segmentationNode.GetDisplayNode()
    for segmentID in boxes:
        around = _encloses(boxes[segmentID], [boxes[each] for each in boxes if each != segmentID])
        display.SetSegmentOpacity3D(segmentID, _SEEN_THROUGH if around else 1.0)
        display.SetSegmentVisibility3D(segmentID, not isOutline(segmentationNode, segmentID))
    display.SetPreferredDisplayRepresentationName3D(_SURFACE)
    display.SetVisibility3D(True)
    display.SetVisibility(True)


def _addSurface(segment) -> None:
    """Give a segment its closed surface; nothing where it has no labelmap."""
    labelmap = segment.GetRepresentation(_LABELMAP)
    if labelmap is None:
        return
    # In a segmentation of its own, because Slicer makes those of all segments in one go.
    copy, alone = slicer.vtkSegment(), slicer.vtkSegmentation()
    copy.SetLabelValue(segment.GetLabelValue())
    copy.AddRepresentation(_LABELMAP, labelmap)
    alone.SetSourceRepresentationName(_LABELMAP)
    alone.AddSegment(copy, "alone")
    alone.SetConversionParameter(_RULE.GetConversionMethodParameterName(), _SURFACE_NETS)
    alone.CreateRepresentation(_SURFACE)
    surface = alone.GetSegment("alone").GetRepresentation(_SURFACE)
    if surface is not None:
        segment.AddRepresentation(_SURFACE, surface)


def _encloses(box: np.ndarray, others: list[np.ndarray]) -> bool:
    """Whether a box, (3, 2) of limits, holds more than half of the others."""
    inside = [
        bool((box[:, 0] <= other[:, 0]).all() and (other[:, 1] <= box[:, 1]).all())
        for other in others
    ]
    return sum(inside) > len(others) / 2
