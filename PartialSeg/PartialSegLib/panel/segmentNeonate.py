"""Section "Segment neonate": a scan and a model in, segments to correct out."""

from __future__ import annotations

from pathlib import Path

import qt
import slicer.util
from slicer.i18n import tr as _

from partialseg_trainer.errors import UserError

from ..durations import inWords
from ..models import ModelCard, readModel, schemeOf
from ..results import requireFillable
from ..segmentation import Segmented
from .pollTimer import PollTimer
from .section import Section, guarded, setEnabled, showError

_SEARCH_MS = 200
_ICON = Path(__file__).resolve().parents[2] / "Resources" / "Icons" / "PartialSeg.png"


class SegmentNeonateSection(Section):
    """Scan, model, where the result goes, device; one button; progress, and what came out."""

    uiName = "SegmentNeonate"

    def setup(self) -> None:
        self._models: list[ModelCard] = []
        self._devices: dict | None = None
        self._deviceProblem = ""
        # Beside the section's own job, so that nobody has to wait for it.
        self._search = PollTimer(_SEARCH_MS, self._updateIfOpen, showError)
        ui = self.ui
        ui.segmentButton.icon = qt.QIcon(str(_ICON))
        ui.segmentButton.connect("clicked(bool)", guarded(self._segment))
        ui.cancelButton.connect("clicked(bool)", self._cancel)
        ui.modelComboBox.connect("currentIndexChanged(int)", self._chooseModel)
        ui.deviceComboBox.connect("currentIndexChanged(int)", self._chooseDevice)
        ui.fillSegmentationRadioButton.connect("toggled(bool)", self._chooseOutput)
        self._say("")
        self._showResult([])
        self.jobChanged()

    def enter(self) -> None:
        self._models = self.logic.models()
        self._findDevices()
        self._updateIfOpen()

    def cleanup(self) -> None:
        self._search.cancel()
        super().cleanup()

    def setParameterNode(self, parameterNode) -> None:
        super().setParameterNode(parameterNode)
        if parameterNode is None:
            # What they tell of is gone with the scene.
            self._say("")
            self._showResult([])

    def update(self, caller=None, event=None) -> None:
        self._showModels()
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
        self.ui.progressBar.visible = self.busy
        self.ui.cancelButton.visible = self.busy
        self._updateIfOpen()

    def _updateIfOpen(self) -> None:
        if self.parameterNode is not None:
            self.update()

    # Model

    def _showModels(self) -> None:
        """Fill the list, and describe the chosen one below it."""
        combo, chosen = self.ui.modelComboBox, self.parameterNode.model
        if not self._models:
            self._models = self.logic.models()
        try:
            card = self._card(chosen)
            toolTip, text = _details(card), _summary(card)
        except UserError as error:
            toolTip = text = str(error)
        entries = [(_title(entry), entry.name) for entry in self._models]
        _offer(combo, entries, chosen, Path(chosen).name)
        combo.toolTip, self.ui.modelCardLabel.text = toolTip, text

    def _card(self, name: str) -> ModelCard:
        """The card of a model. Raises UserError when its folder cannot be used."""
        for entry in self._models:
            if entry.name == name:
                return entry
        self._models.append(readModel(name))
        return self._models[-1]

    def _chooseModel(self, row: int) -> None:
        if self.parameterNode is not None:
            self.parameterNode.model = self.ui.modelComboBox.itemData(row)

    # Where the result goes

    def _showOutput(self) -> None:
        ui, segmentationNode = self.ui, self.parameterNode.segmentation
        fills = self.parameterNode.fillExisting
        button = ui.fillSegmentationRadioButton if fills else ui.newSegmentationRadioButton
        button.checked = True
        ui.fillSegmentationRadioButton.text = (
            _("Fill only what is not complete in {name}").format(name=segmentationNode.GetName())
            if segmentationNode is not None
            else _("Fill only what is not complete")
        )
        setEnabled(
            ui.fillSegmentationRadioButton,
            self._whyNotFill(),
            _(
                "Segments that are complete, absent, or in progress with something painted stay "
                "as they are; all others get the result."
            ),
        )

    def _whyNotFill(self) -> str:
        """Why the chosen segmentation cannot be filled; empty if it can."""
        if self.parameterNode.segmentation is None:
            return _("There is no segmentation to fill; choose one in the section Labels.")
        try:
            card = self._card(self.parameterNode.model)
            requireFillable(self.parameterNode.segmentation, card.scheme)
        except UserError as error:
            return str(error)
        return ""

    def _chooseOutput(self, fills: bool) -> None:
        if self.parameterNode is not None:
            self.parameterNode.fillExisting = fills

    # Device

    def _findDevices(self) -> None:
        """Ask the engine what can compute here, once, if its packages are there."""
        if self._devices is None and not self.logic.missingPackages("learning"):
            self._deviceProblem = ""
            self._search.start(
                self.logic.devicesJob(
                    onFinished=self._keepDevices, onFailed=self._keepDeviceProblem
                )
            )

    def _keepDevices(self, found: dict) -> None:
        self._devices = found

    def _keepDeviceProblem(self, error) -> None:
        # Nobody asked for the search, so that it opens no window.
        self._deviceProblem = str(error)

    def _showDevices(self) -> None:
        combo, chosen = self.ui.deviceComboBox, self.parameterNode.device
        entries = [(_("Automatic"), "auto")]
        if self._devices is not None:
            entries += [(each["title"], each["name"]) for each in self._devices["devices"]]
        _offer(combo, entries, chosen, chosen)
        self.ui.deviceDescriptionLabel.text = self._deviceInWords(chosen)

    def _deviceInWords(self, chosen: str) -> str:
        """What will compute, and how long that takes."""
        if self._search.busy:
            return _("Looking for a graphics card...")
        if self._devices is None:
            return self._deviceProblem or _(
                "Known once PyTorch is installed, which is asked for when a scan is segmented."
            )
        name = self._devices["default"] if chosen == "auto" else chosen
        titles = {device["name"]: device["title"] for device in self._devices["devices"]}
        if name not in titles:
            return _("This computer has no {name}; choose Automatic.").format(name=name)
        # Measured with the default model and a scan of a whole head.
        duration = _("about 1 min a scan") if name == "cpu" else _("a few seconds a scan")
        return f"{titles[name]}: {duration}"

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
        try:
            self._card(self.parameterNode.model)
        except UserError as error:
            return str(error)
        return self._whyNotFill() if self.parameterNode.fillExisting else ""

    def _segment(self, checked: bool = False) -> None:
        self._showResult([])
        try:
            self.logic.ensurePackages("learning", _("segment a scan"))
        except UserError as error:
            # Whoever declined needs no further window, and pip has shown one of its own.
            self._say(str(error))
            return
        chosen = self.parameterNode
        if chosen is None:
            # The scene was closed while packages were installed.
            return
        volumeNode, scheme = chosen.inputVolume, schemeOf(self._card(chosen.model))
        self.startJob(
            self.logic.segmentJob(
                volumeNode,
                chosen.model,
                chosen.device,
                chosen.segmentation if chosen.fillExisting else None,
                onProgress=self._showProgress,
                onFinished=lambda segmented: self._use(segmented, volumeNode, scheme),
                onFailed=self._showFailure,
            )
        )
        self._showProgress({})

    def _cancel(self, checked: bool = False) -> None:
        self.cancelJob()
        self._say(_("Cancelled; nothing has changed."))

    def _showProgress(self, report: dict) -> None:
        fraction, left = report.get("fraction"), report.get("eta_seconds")
        # A bar without a range moves to and fro.
        self.ui.progressBar.setRange(0, 0 if fraction is None else 100)
        self.ui.progressBar.value = round(100 * (fraction or 0))
        stage = report.get("stage") or _("Starting")
        if left is not None:
            stage = _("{stage}, {time} left").format(stage=stage, time=inWords(left))
        self._say(stage)

    def _showFailure(self, error) -> None:
        self._say(_("Not segmented: {reason}").format(reason=error))
        showError(error)

    def _use(self, segmented: Segmented, volumeNode, scheme: str) -> None:
        """Let all sections go on with what came out."""
        chosen = self.parameterNode
        chosen.scheme = scheme
        chosen.segmentation = segmented.loaded.segmentationNode
        chosen.confidence = segmented.confidenceNode
        _showInSlices(volumeNode)
        self._say(
            _(
                "Done in {time} ({device}). The result is flagged for review: look at every "
                "segment, correct it, and mark it complete."
            ).format(time=inWords(segmented.seconds), device=segmented.device)
        )
        self._showResult(_resultLines(segmented))

    def _showResult(self, lines: list[str]) -> None:
        self.ui.resultLabel.text = "\n".join(lines)
        self.ui.resultLabel.visible = bool(lines)

    def _say(self, text: str) -> None:
        self.ui.statusLabel.text = text
        self.ui.statusLabel.visible = bool(text)


def _offer(combo, entries: list[tuple[str, str]], chosen: str, otherwise: str) -> None:
    """Show entries, each a text and what it stands for, and choose one without telling anyone.

    What is chosen but not among the entries is shown as `otherwise`.
    """
    if chosen not in [name for _text, name in entries]:
        entries = [*entries, (otherwise, chosen)]
    shown = [(combo.itemText(row), combo.itemData(row)) for row in range(combo.count)]
    wasBlocked = combo.blockSignals(True)
    # An open list must not be emptied under the user's hand.
    if shown != entries:
        combo.clear()
        for text, name in entries:
            combo.addItem(text, name)
    combo.currentIndex = combo.findData(chosen)
    combo.blockSignals(wasBlocked)


def _title(card: ModelCard) -> str:
    """A model in one line of a list: what it is called, when it was made, how good it is."""
    dice = next(iter(card.meanDice.values()), None)
    if dice is None:
        return _("{title} ({date})").format(title=card.title, date=card.date)
    return _("{title} ({date}, Dice {dice})").format(
        title=card.title, date=card.date, dice=f"{dice:.2f}"
    )


def _summary(card: ModelCard) -> str:
    """The most important of a model."""
    scores = "; ".join(
        _("Dice {dice} on {scans}").format(dice=f"{dice:.2f}", scans=measuredOn)
        for measuredOn, dice in card.meanDice.items()
    )
    return _("{scheme}. {date}. {scores}.").format(
        scheme=card.scheme.title, date=card.date, scores=scores or _("No scores")
    )


def _details(card: ModelCard) -> str:
    """All of a model that helps to choose it."""
    lines = [card.title, _("Trained on: {data}").format(data=card.trainingData)]
    for measuredOn, byLabel in card.scores.items():
        lines.append(_("Dice on {scans}:").format(scans=measuredOn))
        lines += [
            f"    {card.scheme[name].title}: {dice:.2f}"
            for name, dice in byLabel.items()
            if dice is not None and name in card.scheme
        ]
    return "\n".join(lines)


def _resultLines(segmented: Segmented) -> list[str]:
    """Volumes of the labels that are no parts of others; what was kept; what looks wrong."""
    scheme = segmented.scheme
    whole = [label for label in scheme if label.parent is None]
    whole.sort(key=lambda label: not label.children)
    volumes = (
        _("{label}: {volume} mL").format(
            label=label.title, volume=f"{segmented.volumes[label.name]:.0f}"
        )
        for label in whole
    )
    lines = ["; ".join(volumes)]
    if segmented.loaded.kept:
        kept = ", ".join(scheme[name].title for name in segmented.loaded.kept)
        lines.append(_("Kept as annotated: {labels}").format(labels=kept))
    lines += [_("Please check: {warning}").format(warning=text) for text in segmented.warnings]
    return lines


def _showInSlices(volumeNode) -> None:
    """Show a scan in the slice views, unless it is there already."""
    shown = {
        node.GetBackgroundVolumeID()
        for node in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    }
    if volumeNode.GetID() not in shown:
        slicer.util.setSliceViewerLayers(background=volumeNode, fit=True)
