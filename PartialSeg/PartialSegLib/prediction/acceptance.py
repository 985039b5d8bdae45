"""From prediction to annotation: labels that a person has looked at become complete."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import slicer.util

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import Status

from ..annotation.setAlgebra import rebuildFromParts
from ..scene.labelSegments import LabelSegments
from ..scene.ownGrid import commonGrid, maskOn
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
    chosen = [name for name in labels if name in waiting]
    with slicer.util.NodeModify(segments.segmentationNode):
        _takeIn(segments, chosen, emptyIsAbsent)
        settled = segments.settle(chosen, emptyIsAbsent)
        rebuilt = _rebuilt(segments, settled)
        # Last, because after it the segments would be looked for anew.
        ids = segments.ids
        markReviewed(segments.segmentationNode, [ids[name] for name in settled])
    now = settled | rebuilt
    return Accepted(
        tuple(name for name in settled if now[name] is Status.COMPLETE),
        tuple(name for name in settled if now[name] is Status.ABSENT),
        tuple(rebuilt),
        tuple(name for name in labels if name not in settled),
    )


def _takeIn(segments: LabelSegments, names: Collection[str], emptyIsAbsent: bool) -> None:
    """Add what a completion found beside labels to them, and remove that."""
    beside, ids = segments.beside, segments.ids
    completed = {
        name: segmentID
        for name, segmentID in beside.ids.items()
        if name in names and (emptyIsAbsent or beside.isPainted(name) or segments.isPainted(name))
    }
    if not completed:
        return
    segmentationNode = segments.segmentationNode
    announceChange(segmentationNode)
    for name, segmentID in completed.items():
        grid = commonGrid(segmentationNode, [ids[name], segmentID])
        union = segments.maskOn(grid, name) | maskOn(grid, segmentationNode, segmentID)
        segments.setMask(grid, name, union)
    # After all are added, because without them the segments are looked for anew.
    for segmentID in completed.values():
        segmentationNode.GetSegmentation().RemoveSegment(segmentID)


def _rebuilt(segments: LabelSegments, settled: Mapping[str, Status]) -> dict[str, Status]:
    """Make those super-labels anew that differ from their finished parts; what each is then."""
    rebuilt = {}
    if not isKeptAsLabelmaps(segments.segmentationNode):
        return rebuilt
    scheme = segments.scheme
    # The deepest first, because a super-label may be part of another one.
    for name in sorted(settled, key=lambda entry: -len(scheme.ancestors(entry))):
        status = rebuildFromParts(segments, name, settled | rebuilt)
        if status is not None:
            rebuilt[name] = status
    return rebuilt
