"""The preview of an export: overlay in the slice views, label to show, and legend with counts."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme

from ...annotation.contradictions import foundContradictions
from ...annotation.overlay import COLOURS, Overlay
from ...annotation.preview import Preview
from ...engine.jobs import JobFailed
from ..pollTimer import PollTimer
from ..section import guarded, setEnabled, showError
from ..told import tell
from .reasons import inShort

_POLL_MS = 50
# Long enough for a brush stroke, which brings many events, to be one refresh.
_REFRESH_MS = 500


class AnnotationPreview:
    """Shows what training would see of an annotation while its button is down.

    It follows changes of the annotation (`annotationChanged`). `ui` has the section's widgets.
    """

    def __init__(self, ui, logic) -> None:
        self._ui = ui
        self._logic = logic
        self._nodes: tuple | None = None
        self._scheme: LabelScheme | None = None
        self._preview: Preview | None = None
        self._overlay: Overlay | None = None
        self._jobTimer = PollTimer(_POLL_MS, lambda: None, showError)
        self._refreshTimer = qt.QTimer()
        self._refreshTimer.setSingleShot(True)
        self._refreshTimer.setInterval(_REFRESH_MS)
        self._refreshTimer.connect("timeout()", guarded(self._refresh))
        ui.previewButton.connect("toggled(bool)", guarded(self._onToggled))
        ui.previewLabelComboBox.connect("currentIndexChanged(int)", guarded(self._onLabelChanged))
        self._rows = {
            "yes": (ui.colourYesLabel, ui.shareYesLabel),
            "no": (ui.colourNoLabel, ui.shareNoLabel),
            "unknown": (ui.colourUnknownLabel, ui.shareUnknownLabel),
        }
        for word, (colour, _share) in self._rows.items():
            colour.setPixmap(_swatch(colour, COLOURS[word].rgb))
        self._say("")
        self._showCounts()

    def use(self, volumeNode, segmentationNode, scheme: LabelScheme | None, roiNode) -> None:
        """Follow these nodes; the preview goes off where one that it needs is None."""
        nodes = (volumeNode, segmentationNode, roiNode)
        missing = None in (volumeNode, segmentationNode, scheme)
        if nodes != self._nodes or scheme != self._scheme:
            self._jobTimer.cancel()
            self._removeOverlay()
            self._nodes = nodes
            self._offerLabels(scheme)
            self.annotationChanged()
        if missing:
            self.off()
        setEnabled(
            self._ui.previewButton,
            _("Select a scan and its segmentation first.") if missing else "",
            _("Show in the slice views what training will know of a label, before the export."),
        )

    def annotationChanged(self) -> None:
        """Bring the preview up to date soon, if it is shown."""
        if self._ui.previewButton.checked:
            self._refreshTimer.start()

    def off(self) -> None:
        """Take the preview out of the slice views."""
        self._ui.previewButton.checked = False

    def _onToggled(self, checked: bool) -> None:
        if checked:
            self._refresh()
            return
        self._refreshTimer.stop()
        self._jobTimer.cancel()
        self._removeOverlay()
        self._say("")

    def _refresh(self) -> None:
        self._refreshTimer.stop()
        volumeNode, segmentationNode, roiNode = self._nodes
        if self._preview is None:
            self._say(_("Reading the annotation..."))
        try:
            job = self._logic.previewJob(
                segmentationNode,
                volumeNode,
                self._scheme,
                roiNode,
                onFinished=self._onFinished,
                onFailed=self._onFailed,
            )
        except UserError as error:
            self._removeOverlay()
            self._say(str(error))
        else:
            self._jobTimer.start(job)

    def _onFinished(self, preview: Preview) -> None:
        self._preview = preview
        if self._overlay is None:
            self._overlay = Overlay(*self._nodes[:2])
        self._say("")
        self._onLabelChanged()

    def _onFailed(self, error: JobFailed) -> None:
        self._removeOverlay()
        entries = error.details.get("contradictions")
        self._say(inShort(foundContradictions(entries, self._scheme)) if entries else str(error))

    def _onLabelChanged(self, index: int = 0) -> None:
        if self._overlay is not None:
            self._overlay.show(self._preview, self._label)
        self._showCounts()

    @property
    def _label(self) -> str:
        return self._ui.previewLabelComboBox.currentData

    def _offerLabels(self, scheme: LabelScheme | None) -> None:
        if scheme == self._scheme:
            return
        self._scheme = scheme
        comboBox, labels = self._ui.previewLabelComboBox, list(scheme or ())
        wasBlocked = comboBox.blockSignals(True)
        comboBox.clear()
        for label in labels:
            comboBox.addItem(label.title, label.name)
        # Of a super-label most is annotated, and its parts show what is left to do.
        parents = [row for row, label in enumerate(labels) if label.children]
        comboBox.setCurrentIndex(parents[0] if parents else 0)
        comboBox.blockSignals(wasBlocked)

    def _removeOverlay(self) -> None:
        overlay, self._overlay, self._preview = self._overlay, None, None
        if overlay is not None:
            overlay.remove()
        self._showCounts()

    def _showCounts(self) -> None:
        self._ui.legendWidget.visible = self._preview is not None
        if self._preview is None:
            return
        for word, (_colour, share) in self._rows.items():
            share.text = _("{percent} %").format(
                percent=f"{100 * self._preview.share(self._label, word):.1f}"
            )
            share.toolTip = _("{voxels} voxels").format(
                voxels=f"{self._preview.counts[self._label][word]:,}"
            )

    def _say(self, text: str) -> None:
        tell(self._ui.previewStatusLabel, text)


def _swatch(label, rgb: tuple[float, float, float]):
    """A small square of a colour, as large as the letters beside it."""
    size = label.fontMetrics().height()
    pixmap = qt.QPixmap(size, size)
    pixmap.fill(qt.QColor(*(round(255 * part) for part in rgb)))
    return pixmap
