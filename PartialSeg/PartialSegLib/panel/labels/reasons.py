"""Why a button of the section "Labels" does nothing now, for its tooltip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from slicer.i18n import tr as _

from partialseg_trainer.labels import LabelScheme, Status

from ...annotation.labelTable import LabelRow
from ...annotation.setAlgebra import whyNoRemainder, whyNotFromParts
from ...scene.segmentStatus import hasVoxels


class LabelReasons(NamedTuple):
    """What the section shows; each method gives a sentence, or "" where nothing is in the way.

    `rows` are those of the tree, `selected` is one of them or None; `scheme`, `segmentation` and
    `volume` are None where there is none; `busy` says that a check is at work.
    """

    scheme: LabelScheme | None
    segmentation: object | None
    volume: object | None
    rows: Sequence[LabelRow]
    selected: LabelRow | None
    busy: bool

    @property
    def superLabel(self) -> str | None:
        """The selected label if it has parts, else the one that it is a part of."""
        if self.selected is None:
            return None
        label = self.scheme[self.selected.name]
        return label.name if label.children else label.parent

    def createSegments(self) -> str:
        if self.scheme is None:
            return _("The label scheme cannot be used.")
        if self.segmentation is None and self.volume is None:
            return _("Select a scan at the top of the panel, or a segmentation.")
        if all(row.segmentID is not None for row in self.rows):
            return _("Every label of the scheme has its segment.")
        return ""

    def jump(self) -> str:
        row = self.selected
        if row is None:
            return _("Select a label.")
        painted = self.segmentation and row.segmentID
        if not painted or not hasVoxels(self.segmentation, row.segmentID):
            return _("Nothing is painted of {label}.").format(label=row.title)
        return ""

    def superLabelFromParts(self) -> str:
        return self._algebra(whyNotFromParts)

    def remainderToLastPart(self) -> str:
        return self._algebra(whyNoRemainder)

    def check(self) -> str:
        if self.busy:
            return _("The check is at work.")
        if self._noSegmentation():
            return self._noSegmentation()
        if self.volume is None:
            return _("Select the scan that was annotated, at the top of the panel.")
        if all(row.status is Status.NOT_ANNOTATED for row in self.rows):
            return _("No label is in progress, complete or absent.")
        return ""

    def _noSegmentation(self) -> str:
        return "" if self.segmentation else _("Select a segmentation, or create one.")

    def _algebra(self, whyNot: Callable[..., str]) -> str:
        if self._noSegmentation():
            return self._noSegmentation()
        if self.superLabel is None:
            return _("Select a super-label, or one of its parts.")
        return whyNot(self.segmentation, self.scheme, self.superLabel)
