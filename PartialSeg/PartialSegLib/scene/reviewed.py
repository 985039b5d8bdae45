"""When a person accepted what a model had drawn in a segment, kept in a tag of it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

import vtk

_TAG = "PartialSeg.Reviewed"


def markReviewed(segmentationNode, segmentIDs: Iterable[str]) -> None:
    """Note that segments were accepted today."""
    today = datetime.date.today().isoformat()
    for segmentID in segmentIDs:
        segmentationNode.GetSegmentation().GetSegment(segmentID).SetTag(_TAG, today)


def forgetReview(segmentationNode, segmentID: str) -> None:
    """A segment has new content that nobody has accepted."""
    segmentationNode.GetSegmentation().GetSegment(segmentID).RemoveTag(_TAG)


def reviewedOn(segmentationNode, segmentID: str) -> str | None:
    """The day, as in 2026-12-01; None where a person drew the segment."""
    day = vtk.reference("")
    segment = segmentationNode.GetSegmentation().GetSegment(segmentID)
    return str(day) if segment.GetTag(_TAG, day) else None
