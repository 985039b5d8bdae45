"""Section "Review": look where the model was least sure, accept what is right, see what is next."""

from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme

from ...annotation.labelTable import labelTable
from ...engine.steps import Steps, StepwiseWork
from ...prediction.acceptance import Accepted
from ...prediction.confidence import confidenceOf
from ...prediction.labelConfidence import labelConfidences
from ...scene.labelSegments import LabelSegments
from ...scene.segmentationNodes import CONTENT_EVENTS
from ..pollTimer import PollTimer
from ..section import Section, guarded, setEnabled, showError
from .nextScan import NextScan
from .placeBrowser import PlaceBrowser
from .reviewTable import ReviewTable

# A stroke of the brush is followed by others.
_SETTLED_MS = 300


class ReviewSection(Section):
    """The labels of a prediction; beside them the places to look at, and the next scan.

    Labels are measured only while they can be seen.
    """

    uiName = "Review"
    # The one job is that of the next scan, which is not in the scene yet.
    jobNeedsScene = False

    def setup(self) -> None:
        ui = self.ui
        self._followed = None
        self._observed: list[tuple] = []
        self._segments: LabelSegments | None = None
        self._waiting: tuple[str, ...] = ()
        self._problem = ""
        self._measuring = PollTimer(0, lambda: None, showError)
        self._settled = qt.QTimer()
        self._settled.setSingleShot(True)
        self._settled.setInterval(_SETTLED_MS)
        self._settled.connect("timeout()", self._refresh)
        self._table = ReviewTable(ui.labelsTable, self._updateButtons)
        self._places = PlaceBrowser(ui)
        self._nextScan = NextScan(self)
        ui.reviewCollapsibleButton.connect("contentsCollapsed(bool)", self._onCollapsed)
        ui.acceptButton.connect("clicked()", guarded(self._acceptSelected))
        ui.acceptAllButton.connect("clicked()", guarded(self._acceptAll))
        ui.acceptedLabel.visible = False

    def enter(self) -> None:
        super().enter()
        self._refresh()

    def exit(self) -> None:
        super().exit()
        self._measuring.cancel()

    def cleanup(self) -> None:
        super().cleanup()
        self._settled.stop()

    def setParameterNode(self, parameterNode) -> None:
        if parameterNode is None:
            self._follow(None, None, "")
        super().setParameterNode(parameterNode)
        self._nextScan.update()

    def update(self, caller=None, event=None) -> None:
        chosen = self.parameterNode
        segmentation = chosen.segmentation
        confidence = confidenceOf(segmentation) if segmentation else None
        self._follow(segmentation, confidence, chosen.scheme)

    def jobChanged(self) -> None:
        self._nextScan.update()

    def _follow(self, segmentation, confidence, schemeName: str) -> None:
        """Review another segmentation, or the same with other confidence or in another scheme."""
        self._nextScan.update()
        if (segmentation, confidence, schemeName) == self._followed:
            return
        self._followed = segmentation, confidence, schemeName
        self._measuring.cancel()
        for observed in self._observed:
            self.removeObserver(*observed)
        self._observed = [
            (node, event, slot)
            for node, slot, events in (
                (
                    segmentation,
                    self._onSegmentsChanged,
                    CONTENT_EVENTS,
                ),
                (
                    confidence,
                    self._onConfidenceChanged,
                    (slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent,),
                ),
            )
            if node is not None
            for event in events
        ]
        for observed in self._observed:
            self.addObserver(*observed)
        self._readScheme(segmentation)
        self._places.follow(self._segments, confidence, self._problem)
        self.ui.acceptedLabel.visible = False
        self._refresh()

    def _readScheme(self, segmentation) -> None:
        """Keep the segments by the scheme, or None and why there is nothing to review."""
        self._segments, self._problem = None, ""
        if segmentation is None:
            self._problem = _("There is nothing to review yet: segment a scan first.")
            return
        try:
            self._segments = LabelSegments(segmentation, self.scheme)
        except UserError as error:
            self._problem = str(error)

    def _onSegmentsChanged(self, caller, event) -> None:
        # What is under way may hold a segment that is no longer there.
        self._places.cancel()
        self._measuring.cancel()
        if self._seen:
            self._settled.start()

    def _onConfidenceChanged(self, caller, event) -> None:
        self._places.forget()

    def _onCollapsed(self, collapsed: bool) -> None:
        self._refresh()

    @property
    def _seen(self) -> bool:
        return self._entered and not self.ui.reviewCollapsibleButton.collapsed

    def _refresh(self) -> None:
        """Show the labels as they are now, and measure them if they can be seen."""
        self._settled.stop()
        self._measuring.cancel()
        rows, self._waiting = (), ()
        text = self._problem
        if self._segments is not None:
            rows = labelTable(self._segments)
            self._waiting = self._segments.heldBack()
            text = _inWords(self._segments.segmentationNode.GetName(), len(self._waiting))
        self._table.show(rows, self._waiting)
        self.ui.predictionLabel.text = text
        self._updateButtons()
        if rows and self._seen:
            self._measuring.start(
                StepwiseWork(self._measure(), lambda found: self._table.showMeasured(*found))
            )

    def _measure(self) -> Steps[tuple[dict[str, float], dict[str, float]]]:
        """Mean confidence and volume of the labels, by name."""
        segments, confidences, volumes = self._segments, {}, {}
        confidence = confidenceOf(segments.segmentationNode)
        if confidence is not None:
            confidences = yield from labelConfidences(segments, confidence)
        for name in segments.ids:
            volumes[name] = segments.volume(name)
            yield
        return confidences, volumes

    def _acceptSelected(self) -> None:
        self._accept(self._table.selected)

    def _acceptAll(self) -> None:
        self._accept(self._waiting)

    def _accept(self, labels: tuple[str, ...]) -> None:
        accepted = self.logic.accept(
            self._segments.segmentationNode,
            self._segments.scheme,
            labels,
            self.ui.emptyCheckBox.checked,
        )
        self._refresh()
        empty = [name for name in accepted.left if name in self._waiting]
        self.ui.acceptedLabel.text = _toldOf(accepted, empty, self._segments.scheme)
        self.ui.acceptedLabel.visible = True

    def _updateButtons(self) -> None:
        selected, none = self._table.selected, self._problem
        if not none and not self._waiting:
            none = _("No label awaits review: those of a prediction do until they are accepted.")
        noneSelected = none
        if not none and not selected:
            noneSelected = _("Select labels in the table first.")
        elif not none and not set(selected) & set(self._waiting):
            noneSelected = _(
                "The selected labels do not await review; section Labels sets their status."
            )
        setEnabled(
            self.ui.acceptButton,
            noneSelected,
            _(
                "Make the selected labels that await review complete, so that they can be exported "
                "and learned from. Section Labels takes it back."
            ),
        )
        setEnabled(
            self.ui.acceptAllButton,
            none,
            _("Make all labels that await review complete. Section Labels takes it back."),
        )


def _inWords(name: str, waiting: int) -> str:
    if not waiting:
        return _("{name}: no label awaits review.").format(name=name)
    return _("{name}: labels that await review: {count}.").format(name=name, count=waiting)


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
