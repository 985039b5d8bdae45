"""The segments of a segmentation node that belong to the labels of a scheme."""

import re

import slicer
import vtk

from partialseg_trainer.labels import Label, LabelScheme

from .emptySegments import placeEmptySegments
from .terminology import serializedTerminology

VALUE_TAG = "PartialSeg.LabelValue"
"""Segment tag with the label's value in the scheme; Slicer's own value is one of its layer."""


def findSegment(segmentationNode, label: Label) -> str | None:
    """The ID of a label's segment: that with the label's name as ID, else one called so.

    Segments are called by their label's name or title, in any case; None if there is no such one.
    """
    segmentation = segmentationNode.GetSegmentation()
    if segmentation.GetSegment(label.name):
        return label.name
    for name in (label.name, label.title):
        segmentID = segmentation.GetSegmentIdBySegmentName(name)
        if segmentID:
            return segmentID
    return None


def findSegments(segmentationNode, scheme: LabelScheme) -> dict[str, str]:
    """Segment IDs by label name, for those labels of the scheme that have a segment."""
    found = {label.name: findSegment(segmentationNode, label) for label in scheme}
    return {name: segmentID for name, segmentID in found.items() if segmentID}


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
