"""A segmentation seen through a label scheme."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import slicer

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme, Status
from partialseg_trainer.labels.segments import Part, labels_of_segments, united

from .completedSegments import completedSegments
from .masks import labelmapsOf, segmentMask
from .ownGrid import commonGrid, maskOn, setMask
from .segments import createSegments, foreignSegments, segmentsOf, whySeveral
from .segmentStatus import (
    hasVoxels,
    holdBack,
    segmentStatus,
    setSegmentStatus,
    settle,
    whyNotStatus,
)
from .segmentVolumes import SegmentVolumes


class LabelSegments:
    """The segments of a segmentation, label by label of a scheme.

    It is made where the two meet, and handed on; what all of it says of a scan's voxels are the
    engine's LabelSets. Which segment is which label's, and what was measured, is kept until the
    segments change, whoever changes them. Without a segmentation (None) no label has a segment.
    """

    def __init__(self, segmentationNode, scheme: LabelScheme) -> None:
        self.segmentationNode = segmentationNode
        self.scheme = scheme
        self._found: tuple[tuple, dict[str, list[str]]] | None = None
        self._beside: CompletedLabels | None = None
        self._volumes = SegmentVolumes()

    def isOf(self, segmentationNode, scheme: LabelScheme) -> bool:
        """Whether these are the two that met here."""
        return self.segmentationNode is segmentationNode and self.scheme == scheme

    def __repr__(self) -> str:
        node = self.segmentationNode
        return f"LabelSegments({node and node.GetName()!r}, {self.scheme.name!r})"

    # Which segments there are

    @property
    def ids(self) -> dict[str, str]:
        """Segment IDs by label name, for those labels that have a segment, in channel order."""
        return {name: segmentIDs[0] for name, segmentIDs in self.allIds.items()}

    @property
    def allIds(self) -> dict[str, list[str]]:
        """The IDs of all segments of each label: of one label there may be several in a scene."""
        if self.segmentationNode is None:
            return {}
        stamp = self._stamp()
        if self._found is None or self._found[0] != stamp:
            self._found = stamp, self._find()
        return self._found[1]

    def _find(self) -> dict[str, list[str]]:
        return segmentsOf(self.segmentationNode, self.scheme)

    @property
    def beside(self) -> CompletedLabels:
        """What a completion found of labels in progress, seen through the same scheme."""
        if self._beside is None:
            self._beside = CompletedLabels(self.segmentationNode, self.scheme)
        return self._beside

    def labelOf(self, segmentID: str) -> str | None:
        """The name of the label that a segment belongs to; None for one that no label has."""
        return next((name for name, found in self.allIds.items() if segmentID in found), None)

    def whySeveral(self) -> str:
        """That a label has several segments, where a work needs one; empty if none has."""
        for name, segmentIDs in self.allIds.items():
            if len(segmentIDs) > 1:
                return whySeveral(self.segmentationNode, name, segmentIDs)
        return ""

    def requireOneMeaning(self) -> None:
        """Raise UserError where segments do not say together what is meant.

        One is one label by its ID and another by its name, or one of two segments of a label says
        that it is absent and the other is painted.
        """
        segmentation = self.segmentationNode.GetSegmentation()
        names = {
            segmentID: segmentation.GetSegment(segmentID).GetName()
            for segmentID in segmentation.GetSegmentIDs()
        }
        labels_of_segments(self.scheme, names)
        for name, segmentIDs in self.allIds.items():
            self._united(name, segmentIDs)

    def foreign(self) -> list[str]:
        """Names of segments that were made for a label which the scheme lacks."""
        return foreignSegments(self.segmentationNode, self.scheme)

    def create(self) -> dict[str, str]:
        """Add an empty segment for every label that has none; return `ids`."""
        createSegments(self.segmentationNode, self.scheme)
        return self.ids

    # What each says

    def status(self, name: str) -> Status:
        """How far a label is; without a segment it is not annotated."""
        segmentIDs = self.allIds.get(name)
        if segmentIDs is None:
            return Status.NOT_ANNOTATED
        try:
            return self._united(name, segmentIDs)[0]
        except UserError:
            # Told by `requireOneMeaning`; until then no more is right than what is painted.
            return Status.IN_PROGRESS

    def _united(self, name: str, segmentIDs: list[str]) -> tuple[Status, list[str]]:
        """The status of a label, and those of its segments that make up its mask."""
        if len(segmentIDs) == 1:
            return segmentStatus(self.segmentationNode, segmentIDs[0]), segmentIDs
        segmentation = self.segmentationNode.GetSegmentation()
        parts = [
            Part(
                f"{segmentation.GetSegment(segmentID).GetName()} ({segmentID})",
                segmentStatus(self.segmentationNode, segmentID),
                hasVoxels(self.segmentationNode, segmentID),
            )
            for segmentID in segmentIDs
        ]
        status, counted = united(name, parts)
        return status, [segmentIDs[number] for number in counted]

    def statuses(self) -> dict[str, Status]:
        """The status of every label of the scheme."""
        return {name: self.status(name) for name in self.scheme.names}

    def isPainted(self, name: str) -> bool:
        """Whether anything is drawn of a label."""
        return any(hasVoxels(self.segmentationNode, each) for each in self.allIds.get(name, ()))

    def annotated(self) -> tuple[str, ...]:
        """The labels in progress, complete or absent; no voxel is looked at."""
        return self._inStates("InProgress", "Completed")

    def heldBack(self) -> tuple[str, ...]:
        """The labels that await review: their segments are flagged, painted or empty, or what a
        completion found stands beside them.
        """
        if self.segmentationNode is None:
            return ()
        flagged, beside = self._inStates("Flagged"), self.beside.allIds
        return tuple(name for name in self.allIds if name in flagged or name in beside)

    def _inStates(self, *states: str) -> tuple[str, ...]:
        logic = slicer.vtkSlicerSegmentationsModuleLogic
        segmentation = self.segmentationNode and self.segmentationNode.GetSegmentation()
        wanted = [getattr(logic, state) for state in states]
        return tuple(
            name
            for name, segmentIDs in self.allIds.items()
            if any(
                logic.GetSegmentStatus(segmentation.GetSegment(segmentID)) in wanted
                for segmentID in segmentIDs
            )
        )

    def whyNotStatus(self, name: str, status: Status) -> str:
        """Why a label cannot have a status, in a sentence; empty if it can."""
        return whyNotStatus(self.segmentationNode, self.ids[name], status)

    def setStatus(self, name: str, status: Status) -> None:
        """Set the status of a label that has a segment; see `setSegmentStatus` for its errors."""
        setSegmentStatus(self.segmentationNode, self.ids[name], status)
        self._keepIds()

    def settle(self, names: Collection[str], emptyIsAbsent: bool = False) -> dict[str, Status]:
        """Set labels to complete, empty ones to absent if that is said; what each is then.

        Empty ones stay as they are otherwise, and are left out, as those without a segment are.
        """
        ids = self.ids
        statuses = {
            name: settle(self.segmentationNode, ids[name], emptyIsAbsent)
            for name in names
            if name in ids
        }
        self._keepIds()
        return {name: status for name, status in statuses.items() if status is not None}

    def holdBack(self, name: str) -> None:
        """Flag a label: its content says nothing until a person has looked at it."""
        holdBack(self.segmentationNode, self.ids[name])
        self._keepIds()

    def clear(self, name: str) -> None:
        """Leave nothing drawn of a label."""
        logic = slicer.vtkSlicerSegmentationsModuleLogic
        logic.ClearSegment(self.segmentationNode, self.ids[name])
        self._keepIds()

    # Where each is

    def masks(
        self, volumeNode, names: Collection[str] | None = None
    ) -> Iterator[tuple[str, np.ndarray]]:
        """Labels (all that have a segment if None) and their masks: bool (K, J, I) on a scan.

        A mask is made when it is asked for; which segments they are of is settled at the call.
        Raises UserError when one of these is removed meanwhile.
        """
        found = self.allIds
        wanted = [
            (name, self._united(name, found[name])[1])
            for name in (found if names is None else names)
        ]

        def masks() -> Iterator[tuple[str, np.ndarray]]:
            with labelmapsOf(self.segmentationNode, volumeNode) as labelmaps:
                for name, segmentIDs in wanted:
                    segments = map(labelmaps.GetSegmentation().GetSegment, segmentIDs)
                    if any(segment is None for segment in segments):
                        raise UserError(
                            f"Segment '{self.scheme[name].title}' was removed while the annotation "
                            "was read; try again."
                        )
                    mask = segmentMask(labelmaps, segmentIDs[0], volumeNode)
                    for segmentID in segmentIDs[1:]:
                        mask |= segmentMask(labelmaps, segmentID, volumeNode)
                    yield name, mask

        return masks()

    def commonGrid(self, names: Collection[str]):
        """The grid that labels are kept on, for `maskOn` and `setMask`; see `ownGrid`."""
        return commonGrid(self.segmentationNode, [self.ids[name] for name in names])

    def maskOn(self, grid, *names: str) -> np.ndarray:
        """Bool array (K, J, I) on such a grid: where a label is, or any of several."""
        mask, ids = np.zeros(grid.GetDimensions()[::-1], dtype=bool), self.ids
        for name in names:
            mask |= maskOn(grid, self.segmentationNode, ids[name])
        return mask

    def setMask(self, grid, name: str, mask: np.ndarray) -> None:
        """Replace what is drawn of a label; the other segments stay as they are."""
        setMask(grid, self.segmentationNode, self.ids[name], mask)
        self._keepIds()

    def volumeIsKnown(self, name: str) -> bool:
        """Whether a label is measured already, as it is now."""
        return self._volumes.known(self.segmentationNode, self.ids[name])

    def volume(self, name: str) -> float | None:
        """The volume of a label in mL; None where it cannot be told (see `SegmentVolumes`)."""
        return self._volumes.volume(self.segmentationNode, self.ids[name])

    def _keepIds(self) -> None:
        """New content or a new status makes no other segment a label's."""
        if self._found is not None:
            self._found = self._stamp(), self._found[1]

    def _stamp(self) -> tuple:
        """What changes when segments come, go or get another name."""
        segmentation = self.segmentationNode.GetSegmentation()
        return (
            segmentation.GetMTime(),
            *(
                segmentation.GetNthSegment(n).GetMTime()
                for n in range(segmentation.GetNumberOfSegments())
            ),
        )


class CompletedLabels(LabelSegments):
    """The segments beside labels in progress, with what a completion found of these."""

    def _find(self) -> dict[str, list[str]]:
        found = completedSegments(self.segmentationNode, self.scheme)
        return {name: [segmentID] for name, segmentID in found.items()}
