"""The labels of a scheme beside the segments of a segmentation, as the panel lists them."""

from __future__ import annotations

from typing import NamedTuple

from partialseg_trainer.labels import Status

from ..scene.labelSegments import LabelSegments


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


def labelTable(segments: LabelSegments) -> list[LabelRow]:
    """A row for each label, every super-label before its parts."""
    scheme = segments.scheme
    roots = [label.name for label in scheme if label.parent is None]
    return [_row(segments, name) for root in roots for name in scheme.descendants(root)]


def _row(segments: LabelSegments, name: str) -> LabelRow:
    label, segmentID = segments.scheme[name], segments.ids.get(name)
    depth = len(segments.scheme.ancestors(name))
    if segmentID is None:
        return LabelRow(
            label.name, label.title, depth, label.colour, None, Status.NOT_ANNOTATED, False
        )
    segmentationNode = segments.segmentationNode
    segment = segmentationNode.GetSegmentation().GetSegment(segmentID)
    display = segmentationNode.GetDisplayNode()
    return LabelRow(
        label.name,
        segment.GetName(),
        depth,
        tuple(round(255 * part) for part in segment.GetColor()),
        segmentID,
        segments.status(name),
        display is not None and bool(display.GetSegmentVisibility(segmentID)),
    )
