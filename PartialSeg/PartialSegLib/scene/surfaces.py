"""A segmentation in the 3D view: smooth surfaces, and what lies around the others seen through."""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np
import slicer
import slicer.util

from .labelDisplay import isOutline

_LABELMAP = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
_SURFACE = slicer.vtkSegmentationConverter.GetSegmentationClosedSurfaceRepresentationName()
_RULE = slicer.vtkBinaryLabelmapToClosedSurfaceConversionRule
# Surface nets: smooth, and faster than flying edges with smoothing after it.
_SURFACE_NETS = "1"
_SEEN_THROUGH = 0.15


def showSurfaces(
    segmentationNode, onProgress: Callable[[int, int], object] = lambda done, of: None
) -> Generator[None, None, None]:
    """Make the surfaces of all segments, one a step, and show them in 3D views at the last one.

    A super-label whose parts are shown is left out, and a segment that encloses most others (the
    fluid around the brain) is seen through. Surfaces that are there already stay. Whoever gives it
    up leaves the segmentation as it was. `onProgress` gets how many of how many are made.
    """
    segmentation = segmentationNode.GetSegmentation()
    segmentIDs, made = segmentation.GetSegmentIDs(), {}
    for number, segmentID in enumerate(segmentIDs):
        onProgress(number, len(segmentIDs))
        yield
        # Segments may go, come or be painted between the steps.
        _surfaceOf(segmentation.GetSegment(segmentID), made)
    onProgress(len(segmentIDs), len(segmentIDs))
    yield
    boxes = {}
    with slicer.util.NodeModify(segmentationNode):
        for segmentID in segmentation.GetSegmentIDs():
            segment = segmentation.GetSegment(segmentID)
            surface = _surfaceOf(segment, made)
            if surface is None:
                continue
            if segment.GetRepresentation(_SURFACE) is None:
                segment.AddRepresentation(_SURFACE, surface)
            if surface.GetNumberOfPoints():
                boxes[segmentID] = np.array(surface.GetBounds()).reshape(3, 2)
        segmentationNode.CreateClosedSurfaceRepresentation()
    display = segmentationNode.GetDisplayNode()
    for segmentID in boxes:
        around = _encloses(boxes[segmentID], [boxes[each] for each in boxes if each != segmentID])
        display.SetSegmentOpacity3D(segmentID, _SEEN_THROUGH if around else 1.0)
        display.SetSegmentVisibility3D(segmentID, not isOutline(segmentationNode, segmentID))
    display.SetPreferredDisplayRepresentationName3D(_SURFACE)
    display.SetVisibility3D(True)
    display.SetVisibility(True)


def _surfaceOf(segment, made: dict[object, tuple[tuple, object]]):
    """The closed surface of a segment: its own, that in `made`, or a new one that is kept there.

    None where it has no labelmap, or is no more.
    """
    if segment is None or segment.GetRepresentation(_SURFACE) is not None:
        return segment and segment.GetRepresentation(_SURFACE)
    labelmap = segment.GetRepresentation(_LABELMAP)
    if labelmap is None:
        return None
    stamp = (labelmap, labelmap.GetMTime(), segment.GetLabelValue())
    if made.get(segment, ((), None))[0] != stamp:
        made[segment] = (stamp, _newSurface(labelmap, segment.GetLabelValue()))
    return made[segment][1]


def _newSurface(labelmap, value: int):
    # In a segmentation of its own, because Slicer makes those of all segments in one go.
    copy, alone = slicer.vtkSegment(), slicer.vtkSegmentation()
    copy.SetLabelValue(value)
    copy.AddRepresentation(_LABELMAP, labelmap)
    alone.SetSourceRepresentationName(_LABELMAP)
    alone.AddSegment(copy, "alone")
    alone.SetConversionParameter(_RULE.GetConversionMethodParameterName(), _SURFACE_NETS)
    alone.CreateRepresentation(_SURFACE)
    return alone.GetSegment("alone").GetRepresentation(_SURFACE)


def _encloses(box: np.ndarray, others: list[np.ndarray]) -> bool:
    """Whether a box, (3, 2) of limits, holds more than half of the others."""
    inside = [
        bool((box[:, 0] <= other[:, 0]).all() and (other[:, 1] <= box[:, 1]).all())
        for other in others
    ]
    return sum(inside) > len(others) / 2
