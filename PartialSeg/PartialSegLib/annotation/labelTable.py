"""The labels of a scheme beside the segments of a segmentation, as the panel lists them."""

from __future__ import annotations

from typing import NamedTuple

from partialseg_trainer.labels import Label, LabelScheme, Status

from ..scene.segments import findSegments
from ..scene.segmentStatus import segmentStatus


class LabelRow(NamedTuple):
    """A label, and what there is of it in the segmentation.

    `depth` is 0 for a label that is part of no other; `title` and `colour` (red, green, blue of
    0-255) are the segment's, which a user may have changed, else the label's; `segmentID` is None
    where the label has no segment.
    """

    name: str
    title: str
    depth: int
    colour: tuple[int, int, int]
    segmentID: str | None
    status: Status
    visible: bool


def labelTable(segmentationNode, scheme: LabelScheme) -> list[LabelRow]:
    """A row for each label, every super-label before its parts.

    Without a segmentation (None) no label has a segment.
    """
    segmentIDs = findSegments(segmentationNode, scheme) if segmentationNode else {}
    roots = [label.name for label in scheme if label.parent is None]
    return [
        _row(segmentationNode, scheme, scheme[name], segmentIDs.get(name))
        for root in roots
        for name in scheme.descendants(root)
    ]


def _row(segmentationNode, scheme: LabelScheme, label: Label, segmentID: str | None) -> LabelRow:
    depth = len(scheme.ancestors(label.name))
    if segmentID is None:
        return LabelRow(
            label.name, label.title, depth, label.colour, None, Status.NOT_ANNOTATED, False
        )
    segment = segmentationNode.GetSegmentation().GetSegment(segmentID)
    display = segmentationNode.GetDisplayNode()
    return LabelRow(
        label.name,
        segment.GetName(),
        depth,
        tuple(round(255 * part) for part in segment.GetColor()),
        segmentID,
        segmentStatus(segmentationNode, segmentID),
        display is not None and bool(display.GetSegmentVisibility(segmentID)),
    )
