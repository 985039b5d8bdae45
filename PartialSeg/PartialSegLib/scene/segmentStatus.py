"""How far the annotation of a segment has come, kept in Slicer's own `Segmentation.Status` tag.

Slicer knows four states. Not started and flagged (held back) both say nothing; in progress says
that the paint is right; completed says that all is painted, and for an empty segment that the
structure is absent. The Segment Editor shows the tag, and it is saved with the segmentation.
"""

import numpy as np
import slicer
import slicer.util

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import Status


def segmentStatus(segmentationNode, segmentID: str) -> Status:
    """The status of a segment."""
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    state = logic.GetSegmentStatus(segmentationNode.GetSegmentation().GetSegment(segmentID))
    if state == logic.InProgress:
        return Status.IN_PROGRESS
    if state == logic.Completed:
        return Status.COMPLETE if hasVoxels(segmentationNode, segmentID) else Status.ABSENT
    return Status.NOT_ANNOTATED


def whyNotStatus(segmentationNode, segmentID: str, status: Status) -> str:
    """Why a segment cannot have a status, in a sentence; empty if it can."""
    name = segmentationNode.GetSegmentation().GetSegment(segmentID).GetName()
    painted = hasVoxels(segmentationNode, segmentID)
    if status is Status.COMPLETE and not painted:
        return (
            f"Segment '{name}' is empty, so it cannot be complete; paint it, or mark it absent if "
            "the structure is not in the scan."
        )
    if status is Status.ABSENT and painted:
        return f"Segment '{name}' is painted, so it cannot be absent; erase it first."
    return ""


def setSegmentStatus(segmentationNode, segmentID: str, status: Status) -> None:
    """Set the status of a segment.

    A painted segment that is not annotated is flagged, because the Segment Editor turns "not
    started" into "in progress" at the first stroke, and would so declare all of its paint right.

    Raises UserError for an empty segment that is to be complete, and a painted one to be absent.
    """
    reason = whyNotStatus(segmentationNode, segmentID, status)
    if reason:
        raise UserError(reason)
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    if status is Status.NOT_ANNOTATED:
        painted = hasVoxels(segmentationNode, segmentID)
        state = logic.Flagged if painted else logic.NotStarted
    else:
        state = logic.InProgress if status is Status.IN_PROGRESS else logic.Completed
    logic.SetSegmentStatus(segmentationNode.GetSegmentation().GetSegment(segmentID), state)


def settle(segmentationNode, segmentID: str, emptyIsAbsent: bool = False) -> Status | None:
    """Set a segment to complete if it is painted; None where it is empty, and stays as it is.

    With `emptyIsAbsent` an empty one becomes absent: its structure is not in the scan.
    """
    painted = hasVoxels(segmentationNode, segmentID)
    if not painted and not emptyIsAbsent:
        return None
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    segment = segmentationNode.GetSegmentation().GetSegment(segmentID)
    logic.SetSegmentStatus(segment, logic.Completed)
    return Status.COMPLETE if painted else Status.ABSENT


def holdBack(segmentationNode, segmentID: str) -> None:
    """Flag a segment: its content says nothing until a person has looked at it."""
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    logic.SetSegmentStatus(segmentationNode.GetSegmentation().GetSegment(segmentID), logic.Flagged)


def hasVoxels(segmentationNode, segmentID: str) -> bool:
    """Whether anything is drawn in a segment, on whatever grid or surface it is kept."""
    segmentation = segmentationNode.GetSegmentation()
    segment = segmentation.GetSegment(segmentID)
    content = segment.GetRepresentation(segmentation.GetSourceRepresentationName())
    if content is None:
        return False
    if not isinstance(content, slicer.vtkOrientedImageData):
        return content.GetNumberOfPoints() > 0
    if content.IsEmpty():
        return False
    layer = slicer.util.arrayFromSegmentInternalBinaryLabelmap(segmentationNode, segmentID)
    # Plane by plane, because a painted segment is found long before the last one.
    return any(np.any(plane == segment.GetLabelValue()) for plane in layer)
