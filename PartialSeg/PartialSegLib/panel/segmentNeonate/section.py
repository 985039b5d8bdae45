"""Section "Segment neonate": a scan and a model in, segments to correct out."""

from __future__ import annotations

from typing import NamedTuple

import qt
import slicer.util
from slicer.i18n import tr as _

from partialseg_trainer.errors import UserError

from ...engine.durations import inWords
from ...engine.models import schemeOf
from ...engine.packages import LEARNING
from ...engine.steps import StepwiseWork
from ...prediction.completion import whyNotComplete, whyNotLearn
from ...prediction.segmentation import Segmented
from ...resources import RESOURCES
from ...scene.oneScan import regionOf
from ...scene.segmentationNodes import scanOf, segmentationOf
from ...scene.surfaces import showSurfaces
from ..comboBox import offer
from ..deviceSearch import DeviceSearch
from ..furtherScans import FurtherScans
from ..packagesRequest import packagesAreThere
from ..pollTimer import PollTimer
from ..section import Section, guarded, setEnabled, showError
from ..told import showProgress, tell
from .expectedTime import expectedSeconds, rememberSeconds
from .growthChart import GrowthChart
from .modelChoice import ModelChoice
from .resultTable import ResultTable
from .threeDView import showThreeDView

_ICON = RESOURCES / "Icons" / "PartialSeg.png"
_KINDS = {
    "axial": lambda: _("axial"),
    "coronal": lambda: _("coronal"),
    "sagittal": lambda: _("sagittal"),
}


class _Result(NamedTuple):
    """What is told of a segmentation: how it went, the table's content, what to look at."""

    said: str
    lines: str
    segmented: Segmented


class SegmentNeonateSection(Section):
    """Scan, model, where the result goes, device; one button; progress, and what came out."""

    uiName = "SegmentNeonate"

    def setup(self) -> None:
        ui = self.ui
        self._scan = None
        self._drawn = False
        # By the ID of the scan, so that each is seen with its own.
        self._results: dict[str, _Result] = {}
        self._devices = DeviceSearch(self.logic, self._updateIfOpen)
        self._model = ModelChoice(
            ui.modelComboBox, ui.modelCardLabel, self.logic, self._chooseModel
        )
        self._model.refresh()
        self._further = FurtherScans(ui.furtherScansWidget, guarded(self._updateIfOpen))
        self._resultTable = ResultTable(ui.resultTable)
        self._growth = GrowthChart(ui, lambda: self.parameterNode.segmentation)
        self._surfaces = PollTimer(0, self._surfacesChanged, showError)
        self._surfacesOf = None
        ui.surfacesButton.connect("clicked()", guarded(self._showSurfaces))
        self._surfacesChanged()
        ui.segmentButton.icon = qt.QIcon(str(_ICON))
        ui.segmentButton.connect("clicked(bool)", guarded(self._segment))
        ui.cancelButton.connect("clicked(bool)", guarded(self._cancel))
        ui.deviceComboBox.connect("currentIndexChanged(int)", self._chooseDevice)
        ui.completeRadioButton.connect("toggled(bool)", self._chooseOutput)
        ui.learnCheckBox.connect("toggled(bool)", self._chooseLearning)
        self._showResult(None)
        self.jobChanged()

    def enter(self) -> None:
        super().enter()
        self._model.refresh()
        self._devices.begin()
        self._updateIfOpen()

    def cleanup(self) -> None:
        self._devices.cancel()
        self._surfaces.cancel()
        self._growth.cancel()
        super().cleanup()

    def setParameterNode(self, parameterNode) -> None:
        self._scan = parameterNode and parameterNode.inputVolume
        if parameterNode is None:
            self._surfaces.cancel()
            self._surfacesOf = None
        super().setParameterNode(parameterNode)
        if parameterNode is None:
            self._further.show((), None)
            # What they tell of is gone with the scene.
            self._results.clear()
            self._showResult(None)

    def update(self, caller=None, event=None) -> None:
        self._takeSegmentationOfScan()
        self._offerSurfaces()
        self._model.show(self.parameterNode.model)
        self._showFurther()
        self._offerCompletion()
        self._showOutput()
        self._showDevices()
        setEnabled(
            self.ui.segmentButton,
            self._whyNot(),
            _(
                "Segment the scan with the model. The result arrives as segments to be looked at "
                "and corrected; what is there already is not overwritten."
            ),
        )

    def jobChanged(self) -> None:
        for widget in (self.ui.progressBar, self.ui.cancelButton, self.ui.progressLabel):
            widget.visible = self.busy
        self._updateIfOpen()

    def _updateIfOpen(self) -> None:
        if self.parameterNode is not None:
            self.update()

    def _chooseModel(self, name: str) -> None:
        if self.parameterNode is not None:
            self.parameterNode.model = name

    def _showFurther(self) -> None:
        try:
            contrasts = self._model.card(self.parameterNode.model).contrasts[1:]
        except UserError:
            contrasts = ()  # The button says what is wrong with the model.
        self._further.show(contrasts, self.parameterNode.inputVolume)

    def _takeSegmentationOfScan(self) -> None:
        """Let the segmentation change with the scan, unless the chosen one may be of both."""
        chosen, before = self.parameterNode, self._scan
        self._scan = chosen.inputVolume
        if self._scan is before:
            return
        self._showResult(self._scan and self._results.get(self._scan.GetID()))
        if self._scan is None:
            return
        segmentation, fills = chosen.segmentation, chosen.fillExisting
        madeOn = segmentation and scanOf(segmentation)
        if segmentation is None or madeOn not in (None, self._scan):
            segmentation = segmentationOf(self._scan)
            fills = fills and segmentation is not None
        # All at once, because every change is told to every section.
        with slicer.util.NodeModify(chosen):
            chosen.region, chosen.segmentation = regionOf(self._scan), segmentation
            chosen.fillExisting = fills

    # Where the result goes

    def _offerCompletion(self) -> None:
        """Choose to complete the annotation as soon as something is drawn in it."""
        drawn = not self._whyNotComplete()
        if drawn and not self._drawn:
            self._drawn = True
            self.parameterNode.fillExisting = True
        self._drawn = drawn

    def _showOutput(self) -> None:
        ui, segmentationNode = self.ui, self.parameterNode.segmentation
        completes = self.parameterNode.fillExisting
        button = ui.completeRadioButton if completes else ui.newSegmentationRadioButton
        button.checked = True
        ui.filledLabel.visible = completes and segmentationNode is not None
        if segmentationNode is not None:
            ui.filledLabel.text = _("In {name}").format(name=segmentationNode.GetName())
        setEnabled(
            ui.completeRadioButton,
            self._whyNotComplete(),
            _(
                "What you drew stays as it is, in every voxel; all else is filled to go with it, "
                "and flagged for review."
            ),
        )
        ui.learnCheckBox.visible = completes
        reason = self._whyNotLearn() if completes else ""
        setEnabled(
            ui.learnCheckBox,
            reason,
            _(
                "A copy of the model first learns from what you drew on this scan, for less than "
                "a minute without a graphics card. The model itself stays as it is."
            ),
        )
        # After it is disabled, or it would be taken for the user's choice.
        ui.learnCheckBox.checked = self.parameterNode.learnFirst and not reason

    def _whyNotComplete(self) -> str:
        """Why the chosen segmentation cannot be completed; empty if it can."""
        try:
            scheme = self._model.card(self.parameterNode.model).scheme
        except UserError as error:
            return str(error)
        return whyNotComplete(self.parameterNode.segmentation, scheme)

    def _whyNotLearn(self) -> str:
        """Why a model cannot learn from what was drawn; empty if it can."""
        reason = self._whyNotComplete()
        if reason:
            return reason
        scheme = self._model.card(self.parameterNode.model).scheme
        return whyNotLearn(self.parameterNode.segmentation, scheme)

    def _chooseOutput(self, completes: bool) -> None:
        if self.parameterNode is not None:
            self.parameterNode.fillExisting = completes

    def _chooseLearning(self, learns: bool) -> None:
        # A box that is switched off because there is too little to learn from is no choice.
        if self.parameterNode is not None and self.ui.learnCheckBox.enabled:
            self.parameterNode.learnFirst = learns

    # Device

    def _showDevices(self) -> None:
        combo, chosen = self.ui.deviceComboBox, self.parameterNode.device
        entries = [(_("Automatic"), "auto")]
        if self._devices.found is not None:
            entries += [(each["title"], each["name"]) for each in self._devices.found["devices"]]
        offer(combo, entries, chosen, chosen)
        self.ui.deviceDescriptionLabel.text = self._deviceInWords(chosen)

    def _deviceInWords(self, chosen: str) -> str:
        """What will compute, and how long that takes where it is long."""
        if self._devices.busy:
            return _("Looking for a graphics card...")
        found = self._devices.found
        if found is None:
            return self._devices.problem or _(
                "Known once PyTorch is installed, which is asked for when a scan is segmented."
            )
        name = found["default"] if chosen == "auto" else chosen
        titles = {device["name"]: device["title"] for device in found["devices"]}
        if name not in titles:
            return _("This computer has no {name}; choose Automatic.").format(name=name)
        seconds = expectedSeconds(
            self.parameterNode.inputVolume, titles[name], name == "cpu", found["threads"]
        )
        if seconds is not None:
            return _("{device}: about {time} for this scan").format(
                device=titles[name], time=inWords(seconds)
            )
        return titles[name]

    def _chooseDevice(self, row: int) -> None:
        if self.parameterNode is not None:
            self.parameterNode.device = self.ui.deviceComboBox.itemData(row)

    # Segmenting

    def _whyNot(self) -> str:
        """Why the button cannot be pressed; empty if it can."""
        if self.busy:
            return _("A scan is being segmented; wait for it, or press Cancel.")
        if self.parameterNode.inputVolume is None:
            return _("Choose a scan first.")
        if self.otherScan is not None:
            return _(
                "The views show another scan, {other}: say at the top of the panel which is meant."
            ).format(other=self.otherScan.GetName())
        try:
            card = self._model.card(self.parameterNode.model)
        except UserError as error:
            return str(error)
        needed = card.contrasts[:1] if card.doesWithout else card.contrasts
        reason = self._further.whyNot(
            needed, _("The model needs {needed}; choose the {contrast} of this scan.")
        )
        if reason:
            return reason
        return self._whyNotComplete() if self.parameterNode.fillExisting else ""

    def _segment(self, checked: bool = False) -> None:
        self._showResult(None)
        there = packagesAreThere(self.logic, LEARNING, _("segment a scan"), self._say)
        # The scene may have been closed while packages were installed.
        if not there or self.parameterNode is None:
            return
        # A model's folder may be gone since the last look.
        self._model.refresh()
        self.update()
        if self._whyNot():
            self._say(self._whyNot())
            return
        chosen = self.parameterNode
        volumeNode, scheme = chosen.inputVolume, schemeOf(self._model.card(chosen.model))
        options = {
            "further": self._further.nodes,
            "onProgress": self._showProgress,
            "onFinished": lambda segmented: self._use(segmented, volumeNode, scheme),
            "onFailed": self._showFailure,
        }
        if chosen.fillExisting:
            job = self.logic.completeJob(
                chosen.segmentation,
                volumeNode,
                chosen.model,
                chosen.device,
                learn=self.ui.learnCheckBox.checked,
                roiNode=chosen.region,
                **options,
            )
        else:
            job = self.logic.segmentJob(volumeNode, chosen.model, chosen.device, **options)
        self._showProgress({})
        self.startJob(job)

    def _cancel(self, checked: bool = False) -> None:
        self.cancelJob()
        self._say(_("Cancelled; nothing has changed."))

    def _showProgress(self, report: dict) -> None:
        self.ui.progressLabel.text = showProgress(self.ui.progressBar, report)

    def _showFailure(self, error) -> None:
        self._say(_("Not segmented: {reason}").format(reason=error))
        showError(error)

    def _use(self, segmented: Segmented, volumeNode, scheme: str) -> None:
        """Let all sections go on with what came out."""
        chosen = self.parameterNode
        if chosen.inputVolume is not volumeNode:
            # The user has gone on to another scan meanwhile.
            segmented.loaded.segmentationNode.SetDisplayVisibility(False)
            self._keepResult(volumeNode, "", segmented)
            self._say(
                _("{scan} is segmented; choose it as scan to see the result.").format(
                    scan=volumeNode.GetName()
                )
            )
            return
        with slicer.util.NodeModify(chosen):
            chosen.scheme = scheme
            chosen.segmentation = segmented.loaded.segmentationNode
            chosen.confidence = segmented.confidenceNode
        said = _(
            "Done in {time} ({device}). The result is flagged for review: look at every "
            "segment, correct it, and mark it complete."
        ).format(time=inWords(segmented.seconds), device=segmented.device)
        rememberSeconds(volumeNode, segmented.device, segmented.seconds)
        self._showResult(self._keepResult(volumeNode, said, segmented))
        # Its packages may be new.
        self._devices.begin()

    def _keepResult(self, volumeNode, said: str, segmented: Segmented) -> _Result:
        # Without its nodes, which would stay in memory when they leave the scene.
        told = segmented._replace(loaded=None, confidenceNode=None)
        result = _Result(said, "\n".join(_resultLines(segmented)), told)
        self._results[volumeNode.GetID()] = result
        return result

    def _offerSurfaces(self) -> None:
        """Offer the 3D view of what is chosen, and no longer make that of another one."""
        segmentation = self.parameterNode.segmentation
        if self._surfaces.busy and segmentation is not self._surfacesOf:
            self._surfaces.cancel()
        self.ui.surfacesButton.visible = segmentation is not None

    def _showSurfaces(self) -> None:
        """Show the chosen segmentation in the 3D view, whatever it came from, or give that up."""
        if self._surfaces.busy:
            self._surfaces.cancel()
            return
        self._surfacesOf = self.parameterNode.segmentation
        steps = showSurfaces(self._surfacesOf, self._tellOfSurfaces)
        self._surfaces.start(StepwiseWork(steps, lambda _nothing: showThreeDView()))

    def _tellOfSurfaces(self, done: int, of: int) -> None:
        self.ui.surfacesButton.text = _("Cancel (surface {done} of {all})").format(
            done=min(done + 1, of), all=of
        )

    def _surfacesChanged(self) -> None:
        button, busy = self.ui.surfacesButton, self._surfaces.busy
        button.text = _("Cancel") if busy else _("Show in 3D")
        button.toolTip = (
            _("The surfaces are being made, one label after the other. Leave that.")
            if busy
            else _("Show the segmentation in the 3D view, with smooth surfaces.")
        )

    def _showResult(self, result: _Result | None) -> None:
        """Show what a scan's segmentation came to; nothing for None."""
        self._say(result.said if result else "")
        segmented = result and result.segmented
        self._resultTable.show(segmented)
        self._growth.show(segmented, self._scan)
        tell(self.ui.resultLabel, result.lines if result else "")

    def _say(self, text: str) -> None:
        tell(self.ui.statusLabel, text)


def _resultLines(segmented: Segmented) -> list[str]:
    """What was kept, and what looks wrong."""
    scheme, lines = segmented.scheme, []
    if segmented.loaded.kept:
        kept = ", ".join(scheme[name].title for name in segmented.loaded.kept)
        lines.append(_("As you drew it: {labels}.").format(labels=kept))
    if segmented.loaded.completed:
        beside = ", ".join(scheme[name].title for name in segmented.loaded.completed)
        lines.append(
            _(
                "Filled in beside what you drew, as '..., completed': {labels}. Accept in the "
                "section Review makes one of both."
            ).format(labels=beside)
        )
    if segmented.reason:
        lines.append(_("The model has not learned: {reason}").format(reason=segmented.reason))
    if segmented.drawNext:
        lines.append(
            _("Draw next: {kind}, {mm} mm, where the result is least sure.").format(
                kind=_KINDS[segmented.drawNext["kind"]](), mm=round(segmented.drawNext["mm"])
            )
        )
    lines += [_("Please check: {warning}").format(warning=text) for text in segmented.warnings]
    return lines
