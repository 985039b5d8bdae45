"""Segments for what was filled in of labels that are still in progress.

What is painted of such a label is a person's and stays; what a completion finds of it goes into a
segment of its own beside it, until a person accepts it.
"""

from __future__ import annotations

from collections.abc import Collection

from partialseg_trainer.labels import LabelScheme

from .emptySegments import placeEmptySegments

_OF = "PartialSeg.CompletionOf"
_ENDING = "_completed"


def completedSegments(segmentationNode, scheme: LabelScheme) -> dict[str, str]:
    """Segment IDs by label name, for the labels that have such a segment."""
    segmentation = segmentationNode.GetSegmentation()
    wanted = {label.name: f"{label.name}{_ENDING}" for label in scheme}
    return {
        name: segmentID
        for name, segmentID in wanted.items()
        if segmentation.GetSegment(segmentID) is not None
    }


def createCompletedSegments(
    segmentationNode, scheme: LabelScheme, names: Collection[str]
) -> dict[str, str]:
    """Have an empty or filled segment of this kind for some labels, and for no other ones."""
    segmentation = segmentationNode.GetSegmentation()
    found = completedSegments(segmentationNode, scheme)
    for name in found.keys() - set(names):
        segmentation.RemoveSegment(found.pop(name))
    for name in names:
        if name in found:
            continue
        label = scheme[name]
        # Lighter than the label, so that both can be told apart.
        colour = [(part + 255) / 510 for part in label.colour]
        title = f"{label.title}, completed"
        found[name] = segmentation.AddEmptySegment(f"{name}{_ENDING}", title, colour)
        segmentation.GetSegment(found[name]).SetTag(_OF, name)
    placeEmptySegments(segmentationNode)
    return found
