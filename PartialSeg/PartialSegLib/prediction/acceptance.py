"""From prediction to annotation: labels that a person has looked at become complete."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import slicer

from partialseg_trainer.labels import LabelScheme, Status

from ..annotation.annotation import labelStatuses
from ..annotation.setAlgebra import superLabelFromParts
from ..scene.ownGrid import commonGrid, maskOn
from ..scene.segmentationNodes import isKeptAsLabelmaps
from ..scene.segments import findSegments
from ..scene.segmentStatus import hasVoxels, setSegmentStatus


class Accepted(NamedTuple):
    """What became of the labels that were to be accepted, by name.

    `complete` and `absent` are their new statuses, `rebuilt` those of them that were made anew from
    their corrected parts; `left` were not waiting for review, or are empty.
    """

    complete: tuple[str, ...]
    absent: tuple[str, ...]
    rebuilt: tuple[str, ...]
    left: tuple[str, ...]


def awaitingReview(segmentationNode, scheme: LabelScheme) -> tuple[str, ...]:
    """The labels whose segments are held back (flagged), painted or empty, in channel order.

    A prediction flags what it fills; so does whoever sets a painted segment to not annotated.
    """
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    segmentation = segmentationNode.GetSegmentation()
    return tuple(
        name
        for name, segmentID in findSegments(segmentationNode, scheme).items()
        if logic.GetSegmentStatus(segmentation.GetSegment(segmentID)) == logic.Flagged
    )


def accept(
    segmentationNode,
    scheme: LabelScheme,
    labels: Collection[str] | None = None,
    emptyIsAbsent: bool = False,
) -> Accepted:
    """Set labels that await review (all of them if None) to complete.

    An empty segment says nothing by itself: it stays as it is, unless `emptyIsAbsent` says that
    the structure is not in the scan. An accepted super-label that its parts exhaust is made from
    them anew where they were corrected and are all complete or absent; whatever else does not agree
    is left for the check of contradictions to tell.

    Raises UserError for a label that the scheme does not have.
    """
    labels = scheme.names if labels is None else [scheme[name].name for name in labels]
    waiting = awaitingReview(segmentationNode, scheme)
    segmentIDs = findSegments(segmentationNode, scheme)
    settled = {}
    for name in labels:
        if name not in waiting:
            continue
        if hasVoxels(segmentationNode, segmentIDs[name]):
            settled[name] = Status.COMPLETE
        elif emptyIsAbsent:
            settled[name] = Status.ABSENT
    wasModifying = segmentationNode.StartModify()
    try:
        for name, status in settled.items():
            setSegmentStatus(segmentationNode, segmentIDs[name], status)
        rebuilt = _rebuilt(segmentationNode, scheme, settled)
    finally:
        segmentationNode.EndModify(wasModifying)
    now = labelStatuses(segmentationNode, scheme)
    return Accepted(
        tuple(name for name in settled if now[name] is Status.COMPLETE),
        tuple(name for name in settled if now[name] is Status.ABSENT),
        rebuilt,
        tuple(name for name in labels if name not in settled),
    )


def _rebuilt(segmentationNode, scheme: LabelScheme, accepted: Collection[str]) -> tuple[str, ...]:
    """Make those super-labels anew that differ from their finished parts; return their names."""
    if not isKeptAsLabelmaps(segmentationNode):
        return ()
    rebuilt = []
    # The deepest first, because a super-label may be part of another one.
    for name in sorted(accepted, key=lambda entry: -len(scheme.ancestors(entry))):
        if _partsAreFinished(segmentationNode, scheme, name) and _differsFromParts(
            segmentationNode, scheme, name
        ):
            superLabelFromParts(segmentationNode, scheme, name)
            rebuilt.append(name)
    return tuple(rebuilt)


def _partsAreFinished(segmentationNode, scheme: LabelScheme, name: str) -> bool:
    label, status = scheme[name], labelStatuses(segmentationNode, scheme)
    return (
        bool(label.children)
        and label.exhaustive
        and all(status[part] in (Status.COMPLETE, Status.ABSENT) for part in label.children)
    )


def _differsFromParts(segmentationNode, scheme: LabelScheme, name: str) -> bool:
    segmentIDs = findSegments(segmentationNode, scheme)
    parts = [segmentIDs[part] for part in scheme[name].children]
    grid = commonGrid(segmentationNode, [segmentIDs[name], *parts])
    difference = maskOn(grid, segmentationNode, segmentIDs[name])
    union = np.zeros_like(difference)
    for part in parts:
        union |= maskOn(grid, segmentationNode, part)
    return bool((difference != union).any())
