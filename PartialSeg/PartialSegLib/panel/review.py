"""Section "Review": look where the model was least sure, accept what is right, find what is next."""

from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme

from ..acceptance import Accepted, awaitingReview
from ..confidence import confidenceOf
from ..labelConfidence import labelConfidences
from ..labelTable import labelTable
from ..review import SLICE_NORMALS, UncertainSlice, uncertainSlices
from ..segmentVolumes import SegmentVolumes
from ..steps import Steps, StepwiseWork
from .nextScan import NextScan
from .pollTimer import PollTimer
from .reviewTable import ReviewTable
from .section import Section, guarded, setEnabled, showError

# In the order of the combo box.
_KINDS = tuple(SLICE_NORMALS)
# A stroke of the brush is followed by others.
_SETTLED_MS = 300


class ReviewSection(Section):
    """Slices are put in order when they are asked for, labels measured when they can be seen."""

    uiName = "Review"
    # The one job is that of the next scan, which is not in the scene yet.
    jobNeedsScene = False

    def setup(self) -> None:
        ui = self.ui
        self._entered = False
        self._reviewed = None
        self._problem = ""
        self._slices: list[UncertainSlice] | None = None
        self._position = 0
        self._volumes = SegmentVolumes()
        self._ordering = PollTimer(0, self._updateSlices, showError)
        self._measuring = PollTimer(0, lambda: None, showError)
        self._settled = qt.QTimer()
        self._settled.setSingleShot(True)
        self._settled.setInterval(_SETTLED_MS)
        self._settled.connect("timeout()", self._refresh)
        self._table = ReviewTable(ui.labelsTable, self._updateAccept)
        self._nextScan = NextScan(self)
        ui.reviewCollapsibleButton.connect("contentsCollapsed(bool)", self._onCollapsed)
        ui.kindComboBox.connect("currentIndexChanged(int)", self._onKindChosen)
        for button, slot in (
            (ui.previousButton, self._goBack),
            (ui.nextButton, self._goOn),
            (ui.acceptButton, self._acceptSelected),
            (ui.acceptAllButton, self._acceptAll),
        ):
            button.connect("clicked()", guarded(slot))
        ui.acceptedLabel.visible = False
        self._refresh()

    def enter(self) -> None:
        self._entered = True
        self._refresh()

    def exit(self) -> None:
        self._entered = False
        self._measuring.cancel()

    def cleanup(self) -> None:
        super().cleanup()
        self._settled.stop()

    def setParameterNode(self, parameterNode) -> None:
        super().setParameterNode(parameterNode)
        if parameterNode is None:
            self._follow(None)
            self._nextScan.update()

    def update(self, caller=None, event=None) -> None:
        chosen = self.parameterNode
        confidence = chosen.segmentation and confidenceOf(chosen.segmentation)
        self._follow((chosen.segmentation, confidence, chosen.scheme))
        self._nextScan.update()

    def jobChanged(self) -> None:
        self._nextScan.update()

    # What is reviewed

    @property
    def _segmentation(self):
        return self.parameterNode and self.parameterNode.segmentation

    @property
    def _confidence(self):
        return self._segmentation and confidenceOf(self._segmentation)

    def _follow(self, reviewed) -> None:
        """Review another segmentation, or the same with other confidence or in another scheme."""
        if reviewed == self._reviewed:
            return
        self._stop()
        before, now = (each and each[0] for each in (self._reviewed, reviewed))
        self._reviewed = reviewed
        events = (
            slicer.vtkSegmentation.SegmentAdded,
            slicer.vtkSegmentation.SegmentRemoved,
            slicer.vtkSegmentation.SegmentModified,
            slicer.vtkSegmentation.SourceRepresentationModified,
        )
        if before is not None:
            for event in events:
                self.removeObserver(before, event, self._onSegmentsChanged)
        if now is not None:
            for event in events:
                self.addObserver(now, event, self._onSegmentsChanged)
        self.ui.acceptedLabel.visible = False
        self._forgetSlices()
        self._refresh()

    def _onSegmentsChanged(self, caller, event) -> None:
        # What is under way may hold a segment that is no longer there.
        self._stop()
        self._settled.start()

    def _stop(self) -> None:
        self._ordering.cancel()
        self._measuring.cancel()

    def _readScheme(self) -> LabelScheme | None:
        """The scheme; None, with the reason in `_problem`, where there is nothing to review."""
        self._problem = ""
        if self._segmentation is None:
            self._problem = _("There is nothing to review yet: segment a scan first.")
            return None
        try:
            return self.scheme
        except UserError as error:
            self._problem = str(error)
            return None

    # Labels

    def _onCollapsed(self, collapsed: bool) -> None:
        self._refresh()

    def _refresh(self) -> None:
        """Show the labels as they are now, and measure them if they can be seen."""
        self._settled.stop()
        self._measuring.cancel()
        scheme = self._readScheme()
        waiting = awaitingReview(self._segmentation, scheme) if scheme else ()
        self._table.show(labelTable(self._segmentation, scheme) if scheme else (), waiting)
        self.ui.predictionLabel.text = self._problem or _inWords(
            self._segmentation.GetName(), waiting
        )
        self._updateSlices()
        self._updateAccept()
        if scheme and self._entered and not self.ui.reviewCollapsibleButton.collapsed:
            self._measuring.start(
                StepwiseWork(self._measure(scheme), lambda found: self._table.showMeasured(*found))
            )

    def _measure(self, scheme: LabelScheme) -> Steps[tuple[dict[str, float], dict[str, float]]]:
        """Mean confidence and volume of the labels, by name."""
        segmentation, confidences, volumes = self._segmentation, {}, {}
        if self._confidence is not None:
            confidences = yield from labelConfidences(segmentation, self._confidence, scheme)
        for row in labelTable(segmentation, scheme):
            if row.segmentID is not None:
                volumes[row.name] = self._volumes.volume(segmentation, row.segmentID)
                yield
        return confidences, volumes

    def _acceptSelected(self) -> None:
        self._accept(self._table.selected)

    def _acceptAll(self) -> None:
        self._accept(self.scheme.names)

    def _accept(self, labels: tuple[str, ...]) -> None:
        scheme = self.scheme
        accepted = self.logic.accept(
            self._segmentation, scheme, labels, self.ui.emptyCheckBox.checked
        )
        empty = [
            name for name in awaitingReview(self._segmentation, scheme) if name in accepted.left
        ]
        self.ui.acceptedLabel.text = _toldOf(accepted, empty, scheme)
        self.ui.acceptedLabel.visible = True
        self._refresh()

    def _updateAccept(self) -> None:
        scheme = self._readScheme()
        waiting = awaitingReview(self._segmentation, scheme) if scheme else ()
        nothing = self._problem
        if not nothing and not waiting:
            nothing = _("No label awaits review: those of a prediction do until they are accepted.")
        unfit = nothing
        if not unfit and not self._table.selected:
            unfit = _("Select labels in the table first.")
        elif not unfit and not set(self._table.selected) & set(waiting):
            unfit = _("The selected labels do not await review; section Labels sets their status.")
        setEnabled(
            self.ui.acceptButton,
            unfit,
            _(
                "Make the selected labels that await review complete, so that they can be exported "
                "and learned from. Section Labels takes it back."
            ),
        )
        setEnabled(
            self.ui.acceptAllButton,
            nothing,
            _("Make all labels that await review complete. Section Labels takes it back."),
        )

    # Slices

    def _onKindChosen(self, index: int) -> None:
        self._forgetSlices()

    def _forgetSlices(self) -> None:
        self._ordering.cancel()
        self._slices = None
        self._updateSlices()

    def _goBack(self) -> None:
        self._goTo(self._position - 1)

    def _goOn(self) -> None:
        """Go on to the next slice, or to the first one when they are not in order yet."""
        if self._slices is not None:
            self._goTo(self._position + 1)
            return
        kind = _KINDS[self.ui.kindComboBox.currentIndex]
        slices = uncertainSlices(self._segmentation, self._confidence, self.scheme, kind)
        self._ordering.start(StepwiseWork(slices, self._showSlices))

    def _showSlices(self, slices: list[UncertainSlice]) -> None:
        self._slices = slices
        if slices:
            self._goTo(0)

    def _goTo(self, position: int) -> None:
        self._position = position
        node = slicer.vtkMRMLSliceNode
        ras = self._slices[position].ras
        node.JumpAllSlices(slicer.mrmlScene, *ras, node.CenteredJumpSlice)
        self._updateSlices()

    def _updateSlices(self) -> None:
        reason = self._whyNoSlices()
        first = last = reason
        place = ""
        if self._slices:
            shown = self._slices[self._position]
            place = _("{position} of {count}, uncertainty {percent} %").format(
                position=self._position + 1,
                count=len(self._slices),
                percent=round(100 * shown.uncertainty),
            )
            first = reason or (_("This is the first place.") if self._position == 0 else "")
            if self._position == len(self._slices) - 1:
                last = reason or _("This is the last place.")
        elif not reason:
            first = _("Next shows the first place.")
        self.ui.positionLabel.text = (
            place or reason or _("Next shows the place where the model was least sure.")
        )
        setEnabled(
            self.ui.previousButton, first, _("Show the place where the model was less sure.")
        )
        setEnabled(
            self.ui.nextButton,
            last,
            _("Show the next place where the model was not sure, in all slice views."),
        )
        setEnabled(
            self.ui.kindComboBox,
            "" if self._confidence is not None else reason,
            _("The slices that are put in order: axial, coronal or sagittal."),
        )

    def _whyNoSlices(self) -> str:
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


def _inWords(name: str, waiting: tuple[str, ...]) -> str:
    if not waiting:
        return _("{name}: no label awaits review.").format(name=name)
    return _("{name}: {count} labels await review.").format(name=name, count=len(waiting))


def _toldOf(accepted: Accepted, empty: list[str], scheme: LabelScheme) -> str:
    """What accepting has changed, in sentences."""
    sentences = [
        sentence.format(labels=", ".join(scheme[name].title for name in names))
        for sentence, names in (
            (_("Complete now: {labels}."), accepted.complete),
            (_("Absent now: {labels}."), accepted.absent),
            (_("Made anew from its corrected parts: {labels}."), accepted.rebuilt),
            (_("Empty, so that nothing is said about it: {labels}."), empty),
        )
        if names
    ]
    return " ".join(sentences)
