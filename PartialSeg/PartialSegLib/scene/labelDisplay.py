"""How labels that lie over one another are shown: one that has drawn parts is an outline.

Slicer fills every segment, and paints them in their order, so that a filled super-label hides its
parts or takes their colours.
"""

from __future__ import annotations

import vtk

from .labelSegments import LabelSegments

_TAG = "PartialSeg.ShownAs"
_OUTLINE, _FILLED = "outline", "filled"


def showParts(segments: LabelSegments) -> None:
    """Show labels with drawn parts as outlines in the slice views, and all others filled.

    A segment is changed when its parts come or go, and not before: what a user chooses for it in
    the meantime stays.
    """
    node = segments.segmentationNode
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    for name, segmentID in segments.ids.items():
        if segments.scheme[name].children:
            parts = [part for part in segments.scheme.descendants(name) if part != name]
            drawn = any(map(segments.isPainted, parts))
            _show(node, node.GetDisplayNode(), segmentID, _OUTLINE if drawn else _FILLED)


def isOutline(segmentationNode, segmentID: str) -> bool:
    """Whether a segment is shown as an outline because its parts are drawn."""
    segment, shownAs = segmentationNode.GetSegmentation().GetSegment(segmentID), vtk.reference("")
    return segment.GetTag(_TAG, shownAs) and str(shownAs) == _OUTLINE


def _show(segmentationNode, display, segmentID: str, wanted: str) -> None:
    segment, before = segmentationNode.GetSegmentation().GetSegment(segmentID), vtk.reference("")
    # A new segment is filled anyway.
    known = str(before) if segment.GetTag(_TAG, before) else _FILLED
    if wanted != known:
        display.SetSegmentVisibility2DFill(segmentID, wanted == _FILLED)
        display.SetSegmentVisibility2DOutline(segmentID, True)
        segment.SetTag(_TAG, wanted)
