"""The segments of a segmentation node that belong to the labels of a scheme."""

import re
from collections.abc import Iterable

import slicer
import vtk

from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.labels.segments import VALUE_TAG, label_of_segment

from .emptySegments import placeEmptySegments
from .terminology import serializedTerminology


def segmentsOf(segmentationNode, scheme: LabelScheme) -> dict[str, list[str]]:
    """The IDs of all segments of each label that has any, by label name.

    These are that with the label's name as ID, and those called by its name or title, in any case;
    blanks around a name do not count. An ID goes before a name.
    """
    segmentation = segmentationNode.GetSegmentation()
    found = {label.name: [] for label in scheme}
    for segmentID in segmentation.GetSegmentIDs():
        name = segmentation.GetSegment(segmentID).GetName()
        label = label_of_segment(scheme, segmentID, name)
        if label is not None:
            # That with the ID first: it is the one that was made for the label.
            found[label].insert(0 if segmentID == label else len(found[label]), segmentID)
    return {name: segmentIDs for name, segmentIDs in found.items() if segmentIDs}


def findSegment(segmentationNode, scheme: LabelScheme, name: str) -> str | None:
    """The ID of a label's segment, the first where there are several; None if there is none."""
    return findSegments(segmentationNode, scheme).get(name)


def findSegments(segmentationNode, scheme: LabelScheme) -> dict[str, str]:
    """Segment IDs by label name, the first of each label, for those labels that have a segment."""
    found = segmentsOf(segmentationNode, scheme)
    return {name: segmentIDs[0] for name, segmentIDs in found.items()}


def whySeveral(segmentationNode, name: str, segmentIDs: Iterable[str]) -> str:
    """That a label has these segments, where a work needs one, in a sentence."""
    segmentation = segmentationNode.GetSegmentation()
    listed = " and ".join(
        f"'{segmentation.GetSegment(segmentID).GetName()}' ({segmentID})"
        for segmentID in segmentIDs
    )
    return (
        f"The segments {listed} are all label '{name}'; add them up in the Segment Editor "
        "(Logical operators), or rename those that are something else."
    )


def foreignSegments(segmentationNode, scheme: LabelScheme) -> list[str]:
    """Names of segments that were made for a label which the scheme lacks, or has as another one.

    Segments that nobody made for a label, such as a user's own, are not among them.
    """
    segmentation = segmentationNode.GetSegmentation()
    own = {(label.name, str(label.value)) for label in scheme}
    foreign = []
    for segmentID in segmentation.GetSegmentIDs():
        segment, value = segmentation.GetSegment(segmentID), vtk.reference("")
        if not segment.GetTag(VALUE_TAG, value):
            continue
        # Slicer numbers copies: tcv_1.
        names = (segmentID, re.sub(r"_\d+$", "", segmentID))
        if not any((name, str(value)) in own for name in names):
            foreign.append(segment.GetName())
    return foreign


def createSegments(segmentationNode, scheme: LabelScheme) -> dict[str, str]:
    """Add an empty segment for every label that has none; return segment IDs by label name.

    A new segment has the label's name as ID, its title, colour and terminology. Segments that are
    there already stay as they are. Set the reference volume of the node before.
    """
    segmentation = segmentationNode.GetSegmentation()
    found = findSegments(segmentationNode, scheme)
    wasModifying = segmentationNode.StartModify()
    try:
        for label in scheme:
            if label.name in found:
                continue
            colour = [part / 255 for part in label.colour]
            found[label.name] = segmentation.AddEmptySegment(label.name, label.title, colour)
            segment = segmentation.GetSegment(found[label.name])
            segment.SetTag(VALUE_TAG, label.value)
            terminology = serializedTerminology(label)
            if terminology:
                segment.SetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), terminology)
        placeEmptySegments(segmentationNode)
    finally:
        segmentationNode.EndModify(wasModifying)
    return found
