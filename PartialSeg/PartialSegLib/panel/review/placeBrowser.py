"""The part of the section "Review" that leads through the places where the model was not sure."""

from __future__ import annotations

import slicer
from slicer.i18n import tr as _

from ...engine.steps import StepwiseWork
from ...prediction.uncertainSlices import SLICE_NORMALS, UncertainSlice, uncertainSlices
from ...scene.labelSegments import LabelSegments
from ..pollTimer import PollTimer
from ..section import guarded, setEnabled, showError

# In the order of the combo box.
_KINDS = tuple(SLICE_NORMALS)


class PlaceBrowser:
    """Puts slices in order when they are asked for, and shows them one after the other."""

    def __init__(self, ui) -> None:
        self._ui = ui
        self._segments: LabelSegments | None = None
        self._confidence = None
        self._problem = ""
        self._slices: list[UncertainSlice] | None = None
        self._position = 0
        self._ordering = PollTimer(0, self._update, showError)
        ui.kindComboBox.connect("currentIndexChanged(int)", self._onKindChosen)
        ui.previousButton.connect("clicked()", guarded(self._goBack))
        ui.nextButton.connect("clicked()", guarded(self._goOn))

    def follow(self, segments: LabelSegments | None, confidence, problem: str) -> None:
        """Lead through another prediction, unless `problem` says why there is none."""
        self._segments, self._confidence = segments, confidence
        self._problem = problem
        self.forget()

    def forget(self) -> None:
        """Put the slices in order anew when they are asked for next."""
        self._ordering.cancel()
        self._slices = None
        self._update()

    def cancel(self) -> None:
        """Stop what is under way; places that were found stay."""
        self._ordering.cancel()

    def _onKindChosen(self, index: int) -> None:
        self.forget()

    def _goBack(self) -> None:
        self._goTo(self._position - 1)

    def _goOn(self) -> None:
        """Go on to the next slice, or to the first one when they are not in order yet."""
        if self._slices is not None:
            self._goTo(self._position + 1)
            return
        kind = _KINDS[self._ui.kindComboBox.currentIndex]
        slices = uncertainSlices(self._segments, self._confidence, kind)
        self._ordering.start(StepwiseWork(slices, self._show))

    def _show(self, slices: list[UncertainSlice]) -> None:
        self._slices = slices
        if slices:
            self._goTo(0)

    def _goTo(self, position: int) -> None:
        self._position = position
        sliceNode = slicer.vtkMRMLSliceNode
        ras = self._slices[position].ras
        sliceNode.JumpAllSlices(slicer.mrmlScene, *ras, sliceNode.CenteredJumpSlice)
        self._update()

    def _update(self) -> None:
        """Say where in the list we are, and which ways there are from here."""
        ui, reason = self._ui, self._whyNone()
        noPrevious = noNext = reason
        text = reason or _("Next shows the place where the model was least sure.")
        if self._slices:
            last = len(self._slices) - 1
            text = _("{position} of {count}, uncertainty {percent} %").format(
                position=self._position + 1,
                count=last + 1,
                percent=round(100 * self._slices[self._position].uncertainty),
            )
            if self._position == 0:
                noPrevious = reason or _("This is the first place.")
            if self._position == last:
                noNext = reason or _("This is the last place.")
        else:
            noPrevious = reason or _("Next shows the first place.")
        ui.positionLabel.text = text
        setEnabled(
            ui.previousButton, noPrevious, _("Show the place where the model was less sure.")
        )
        setEnabled(
            ui.nextButton,
            noNext,
            _("Show the next place where the model was not sure, in all slice views."),
        )
        setEnabled(
            ui.kindComboBox,
            "" if self._slices == [] else reason,
            _("The slices that are put in order: axial, coronal or sagittal."),
        )

    def _whyNone(self) -> str:
        """Why there is no place to go to, in a sentence; empty if there is one."""
        if self._problem:
            return self._problem
        if self._confidence is None:
            return _(
                "This segmentation has no confidence map: every prediction of Segment neonate "
                "brings one."
            )
        if self._ordering.busy:
            return _("The slices are being put in order.")
        if self._slices == []:
            return _("Nothing is segmented, so that there is no place to look at.")
        return ""
