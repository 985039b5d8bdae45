"""Why a button of the section "Labels" does nothing now, for its tooltip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from slicer.i18n import tr as _

from partialseg_trainer.labels import Status

from ...annotation.labelTable import LabelRow
from ...annotation.setAlgebra import whyNoRemainder, whyNotFromParts
from ...scene.labelSegments import LabelSegments


class LabelReasons(NamedTuple):
    """What the section shows; each method gives a sentence, or "" where nothing is in the way.

    `segments` is None where the scheme cannot be used; `rows` are those of the tree, `selected` is
    one of them or None; `volume` is the scan or None; `busy` says that a check is at work.
    """

    segments: LabelSegments | None
    volume: object | None
    rows: Sequence[LabelRow]
    selected: LabelRow | None
    busy: bool

    @property
    def superLabel(self) -> str | None:
        """The selected label if it has parts, else the one that it is a part of."""
        if self.selected is None:
            return None
        label = self.segments.scheme[self.selected.name]
        return label.name if label.children else label.parent

    @property
    def _segmentation(self):
        return self.segments and self.segments.segmentationNode

    def createSegments(self) -> str:
        if self.segments is None:
            return _("The label scheme cannot be used.")
        if self._segmentation is None and self.volume is None:
            return _("Select a scan at the top of the panel, or a segmentation.")
        if all(row.segmentID is not None for row in self.rows):
            return _("Every label of the scheme has its segment.")
        return ""

    def jump(self) -> str:
        row = self.selected
        if row is None:
            return _("Select a label.")
        if not self.segments.isPainted(row.name):
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
        if self.segments is None:
            return _("The label scheme cannot be used.")
        return "" if self._segmentation else _("Select a segmentation, or create one.")

    def _algebra(self, whyNot: Callable[..., str]) -> str:
        if self._noSegmentation():
            return self._noSegmentation()
        if self.superLabel is None:
            return _("Select a super-label, or one of its parts.")
        return whyNot(self.segments, self.superLabel)
