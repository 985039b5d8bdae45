"""From prediction to annotation: labels that a person has looked at become complete."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import slicer.util

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import Status

from ..annotation.setAlgebra import superLabelFromParts
from ..scene.labelSegments import CompletedLabels, LabelSegments
from ..scene.ownGrid import commonGrid
from ..scene.reviewed import markReviewed
from ..scene.segmentationNodes import isKeptAsLabelmaps
from ..scene.undo import announceChange


class Accepted(NamedTuple):
    """What became of the labels that were to be accepted, by name.

    `complete` and `absent` are their new statuses, `rebuilt` those of them that were made anew from
    their corrected parts; `left` were not waiting for review, or are empty.
    """

    complete: tuple[str, ...]
    absent: tuple[str, ...]
    rebuilt: tuple[str, ...]
    left: tuple[str, ...]


def accept(
    segments: LabelSegments,
    labels: Collection[str] | None = None,
    emptyIsAbsent: bool = False,
) -> Accepted:
    """Set labels that await review (all of them if None) to complete.

    What a completion found beside a label becomes part of it. An empty segment says nothing by
    itself: it stays as it is, unless `emptyIsAbsent` says that
    the structure is not in the scan. An accepted super-label that its parts exhaust is made from
    them anew where they were corrected and are all complete or absent; whatever else does not agree
    is left for the check of contradictions to tell.

    Raises UserError for a label that the scheme does not have, and where one has several segments.
    """
    reason = segments.whySeveral()
    if reason:
        raise UserError(reason)
    scheme, waiting = segments.scheme, segments.heldBack()
    labels = scheme.names if labels is None else [scheme[name].name for name in labels]
    beside = segments.beside
    settled = {}
    for name in labels:
        if name not in waiting:
            continue
        if segments.isPainted(name) or beside.isPainted(name):
            settled[name] = Status.COMPLETE
        elif emptyIsAbsent:
            settled[name] = Status.ABSENT
    taken = [name for name in beside.ids if name in settled]
    if taken:
        announceChange(segments.segmentationNode)
    with slicer.util.NodeModify(segments.segmentationNode):
        for name in taken:
            _takeIn(segments, beside, name)
        for name, status in settled.items():
            segments.setStatus(name, status)
        rebuilt = _rebuilt(segments, settled)
        # Last, because after each mark the segments would be looked for anew.
        ids = segments.ids
        for name in settled:
            markReviewed(segments.segmentationNode, ids[name])
    now = settled | rebuilt
    return Accepted(
        tuple(name for name in settled if now[name] is Status.COMPLETE),
        tuple(name for name in settled if now[name] is Status.ABSENT),
        tuple(rebuilt),
        tuple(name for name in labels if name not in settled),
    )


def _takeIn(segments: LabelSegments, beside: CompletedLabels, name: str) -> None:
    """Add what a completion found beside a label to it, and remove that."""
    segmentationNode, completed = segments.segmentationNode, beside.ids[name]
    grid = commonGrid(segmentationNode, [segments.ids[name], completed])
    union = segments.maskOn(grid, name)
    union |= beside.maskOn(grid, name)
    segments.setMask(grid, name, union)
    segmentationNode.GetSegmentation().RemoveSegment(completed)


def _rebuilt(segments: LabelSegments, settled: Mapping[str, Status]) -> dict[str, Status]:
    """Make those super-labels anew that differ from their finished parts; what each is then."""
    if not isKeptAsLabelmaps(segments.segmentationNode):
        return {}
    rebuilt = {}
    # The deepest first, because a super-label may be part of another one.
    for name in sorted(settled, key=lambda entry: -len(segments.scheme.ancestors(entry))):
        if _partsAreFinished(segments, name, settled) and _differsFromParts(segments, name):
            rebuilt[name] = superLabelFromParts(segments, name)
    return rebuilt


def _partsAreFinished(segments: LabelSegments, name: str, settled: Collection[str]) -> bool:
    label = segments.scheme[name]
    return (
        bool(label.children)
        and label.exhaustive
        and all(
            part in settled or segments.status(part) in (Status.COMPLETE, Status.ABSENT)
            for part in label.children
        )
    )


def _differsFromParts(segments: LabelSegments, name: str) -> bool:
    parts = segments.scheme[name].children
    grid = segments.commonGrid([name, *parts])
    union = np.zeros(grid.GetDimensions()[::-1], dtype=bool)
    for part in parts:
        union |= segments.maskOn(grid, part)
    return bool((segments.maskOn(grid, name) != union).any())
