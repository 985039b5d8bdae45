"""The line at the top of the panel: which scan it is at, and the one next thing to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import qt
import vtk
from slicer.i18n import tr as _

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme

from ...scene.labelSegments import LabelSegments
from ...scene.scanMemory import caseOf, isChanged, rememberChange
from ...scene.segmentationNodes import CONTENT_EVENTS
from ...scene.volumes import isScan, valuesInVoxel, volumesInFile
from ..section import Section, guarded

# Long enough that a brush stroke, which brings many events, is one look.
_LOOK_MS = 250


class Step(NamedTuple):
    """What to do next, in words, and the `uiName` of the section for it, empty where it is none."""

    text: str
    section: str


def nextStep(scan, segmentation, scheme: LabelScheme | None) -> Step:
    """What is to be done with a scan as it stands; each may be None."""
    if scan is None:
        return Step(_("Drag a scan into Slicer, or take one from Sample Data."), "")
    name = scan.GetName()
    if segmentation is None or scheme is None:
        return Step(
            _("{scan} is chosen: segment it, or draw and complete it.").format(scan=name), "Labels"
        )
    segments = LabelSegments(segmentation, scheme)
    waiting = segments.heldBack()
    if waiting:
        text = _("{scan}: labels that await review: {count}. Look, correct and accept them.")
        return Step(text.format(scan=name, count=len(waiting)), "Review")
    annotated = len(segments.annotated())
    if not annotated:
        text = _("{scan}: draw a label, and say under Labels how far it is.")
        return Step(text.format(scan=name), "SegmentEditor")
    case = caseOf(scan)
    if case is not None and not isChanged(segmentation):
        text = _("{scan} is in the dataset as {case}. Take the next scan, or train.")
        return Step(text.format(scan=name, case=case.name), "Train")
    text = _("{scan}: {count} of {all} labels are annotated. Export them when you are done.")
    return Step(text.format(scan=name, count=annotated, all=len(scheme.names)), "Export")


class NextStepSection(Section):
    """One line, with a button that unfolds the section which it speaks of.

    While the views show another scan than the panel is at (`otherScan`), the line asks which one is
    meant. `unfold` gets the `uiName` of a section, `showChosen` is called without arguments.
    """

    uiName = "NextStep"

    def setup(self) -> None:
        self.unfold: Callable[[str], object] = lambda name: None
        self.showChosen: Callable[[], object] = lambda: None
        self._step = Step("", "")
        self._followed: tuple = (None, None)
        self._looked: tuple = (None, 1)
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(_LOOK_MS)
        self._timer.connect("timeout()", guarded(self._look))
        self.ui.takeOtherButton.connect("clicked()", guarded(self._takeOther))
        self.ui.showChosenButton.connect("clicked()", guarded(lambda: self.showChosen()))
        self.ui.stepButton.connect("clicked()", guarded(lambda: self.unfold(self._step.section)))

    def enter(self) -> None:
        super().enter()
        if self.parameterNode is not None:
            self.update()

    def exit(self) -> None:
        super().exit()
        self._follow(None, None)

    def cleanup(self) -> None:
        self.exit()
        super().cleanup()

    def setParameterNode(self, parameterNode) -> None:
        if parameterNode is None:
            self._follow(None, None)
            self._looked = (None, 1)
        super().setParameterNode(parameterNode)

    def update(self, caller=None, event=None) -> None:
        if self._entered:
            self._follow(self.parameterNode.inputVolume, self.parameterNode.segmentation)
            self._look()

    def _follow(self, scan, segmentation) -> None:
        self._timer.stop()
        if (scan, segmentation) == self._followed:
            return
        self.removeObservers(self._onChanged)
        self.removeObservers(self._lookLater)
        self._followed = (scan, segmentation)
        if scan is not None:
            self.addObserver(scan, vtk.vtkCommand.ModifiedEvent, self._lookLater)
        if segmentation is not None:
            for event in CONTENT_EVENTS:
                self.addObserver(segmentation, event, self._onChanged)

    def _onChanged(self, caller, event) -> None:
        rememberChange(self._followed[1])
        self._timer.start()

    def _lookLater(self, caller, event) -> None:
        self._timer.start()

    def _look(self) -> None:
        chosen, ui = self.parameterNode, self.ui
        if chosen is None:
            return
        try:
            scheme = self.scheme
        except UserError:
            # The section Labels says what is wrong with it.
            scheme = None
        self._step = nextStep(chosen.inputVolume, chosen.segmentation, scheme)
        other, scan = self.otherScan, chosen.inputVolume
        ui.stepLabel.text = " ".join(
            filter(
                None,
                (
                    self._volumesInWords(scan) if other is None else "",
                    _noScanInWords(other),
                    _otherInWords(other, scan) or self._step.text,
                ),
            )
        )
        ui.takeOtherButton.visible = other is not None and isScan(other)
        ui.showChosenButton.visible = other is not None and scan is not None
        ui.stepButton.visible = other is None and bool(self._step.section)

    def _volumesInWords(self, scan) -> str:
        """That a scan is but one of several in its file; looked up once."""
        if scan is not None and scan is not self._looked[0]:
            self._looked = (scan, volumesInFile(scan))
        count = self._looked[1] if scan is not None else 1
        if count == 1:
            return ""
        return _(
            "The file of {scan} holds {count} volumes, and Slicer has loaded the first."
        ).format(scan=scan.GetName(), count=count)

    def _takeOther(self) -> None:
        self.parameterNode.inputVolume = self.otherScan


def _noScanInWords(other) -> str:
    """Why what the views show cannot be chosen; empty where it can, or nothing is shown."""
    if other is None or isScan(other):
        return ""
    return _(
        "{other} has {count} values in each voxel, as colours, directions and series have, and is "
        "no scan for this module: it needs one with a single value."
    ).format(other=other.GetName(), count=valuesInVoxel(other))


def _otherInWords(other, scan) -> str:
    """That panel and views are not at the same; empty where they are, or no scan is chosen."""
    if other is None or scan is None:
        return ""
    return _("The views show {other}, but the panel is at {scan}.").format(
        other=other.GetName(), scan=scan.GetName()
    )
