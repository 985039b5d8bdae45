"""Section "Train": start a training in the background, and watch all that there are.

What the table shows is read from the folder of runs alone, so that it is the same in another
window, and after Slicer was closed.
"""

from __future__ import annotations

import qt
import slicer.util
from slicer.i18n import tr as _

from partialseg_trainer.methods import Network

from ...engine.durations import timeLeft
from ...engine.packages import LEARNING
from ...training.plots import Figures, chartsAreShown, updateShownCharts
from ...training.runs import RunReader
from ..comboBox import offer
from ..deviceSearch import DeviceSearch
from ..lastDataset import lastDataset, rememberDataset
from ..packagesRequest import packagesAreThere
from ..pathLine import connectPath
from ..plainText import plain
from ..pollTimer import PollTimer
from ..section import Section, guarded, setEnabled, showError
from ..told import tell
from . import runReasons
from .runLog import RunLog
from .runsTable import RunsTable
from .trainingForm import TrainingForm

_WATCH_MS = 2000
_POLL_MS = 50


class TrainSection(Section):
    """Reads the folder of runs every two seconds while it can be seen."""

    uiName = "Train"
    # A training has nothing to do with the scene, and its check neither.
    jobNeedsScene = False

    def setup(self) -> None:
        ui = self.ui
        self._readable = False
        self._failure = ""
        self._reader = RunReader()
        self._runs = RunsTable(ui.runsTree, self._showSelected)
        self._form = TrainingForm(ui, self.logic, self._updateButtons)
        self._log = RunLog(ui.logTextEdit)
        self._devices = DeviceSearch(self.logic, self._showDevices)
        self._adopting = PollTimer(_POLL_MS, self._updateButtons, showError)
        self._timer = qt.QTimer()
        self._timer.setInterval(_WATCH_MS)
        self._timer.connect("timeout()", self._readRuns)
        # Plots are looked at in the views, wherever the panel is.
        self._plotTimer = qt.QTimer()
        self._plotTimer.setInterval(_WATCH_MS)
        self._plotTimer.connect("timeout()", guarded(self._followPlots))
        ui.trainCollapsibleButton.connect("contentsCollapsed(bool)", self._watch)
        ui.logGroupBox.connect("toggled(bool)", self._showSelected)
        connectPath(ui.datasetPathLineEdit, self._chooseDataset)
        ui.deviceComboBox.connect("currentIndexChanged(int)", self._chooseDevice)
        for button, slot in (
            (ui.startButton, self._start),
            (ui.cancelButton, self._cancel),
            (ui.stopButton, self._stop),
            (ui.resumeButton, self._resume),
            (ui.stopNowButton, self._stopNow),
            (ui.plotLossesButton, self._plotLosses),
            (ui.plotDiceButton, self._plotDice),
            (ui.openFolderButton, self._openFolder),
            (ui.useModelButton, self._useModel),
        ):
            button.connect("clicked()", guarded(slot))
        self._form.update()
        self.jobChanged()
        self._showSelected()

    def enter(self) -> None:
        super().enter()
        self._watch()

    def exit(self) -> None:
        super().exit()
        self._watch()

    def cleanup(self) -> None:
        self._timer.stop()
        self._plotTimer.stop()
        self._adopting.cancel()
        self._devices.cancel()
        super().cleanup()

    def setParameterNode(self, parameterNode) -> None:
        if parameterNode is not None and not parameterNode.dataset:
            parameterNode.dataset = lastDataset()
        super().setParameterNode(parameterNode)

    def update(self, caller=None, event=None) -> None:
        chosen, ui = self.parameterNode, self.ui
        if ui.datasetPathLineEdit.currentPath != chosen.dataset:
            ui.datasetPathLineEdit.currentPath = chosen.dataset
        self._form.useDataset(chosen.dataset)
        self._showDevices()
        self._updateButtons()

    def jobChanged(self) -> None:
        if self.busy:
            self._failure = ""
        self.ui.cancelButton.visible = self.busy
        self._tell(_("Starting") if self.busy else self._failure)
        self._updateButtons()

    def _chooseDataset(self, path: str) -> None:
        if self.parameterNode is not None:
            self.parameterNode.dataset = path

    def _showDevices(self) -> None:
        if self.parameterNode is None:
            return
        found = self._devices.found
        entries = [(_("Automatic"), "auto")]
        if found is None:
            entries.append((_("CPU"), "cpu"))
        else:
            entries += [(device["title"], device["name"]) for device in found["devices"]]
        chosen = self.parameterNode.device
        offer(self.ui.deviceComboBox, entries, chosen, chosen)

    def _chooseDevice(self, row: int) -> None:
        if self.parameterNode is not None:
            self.parameterNode.device = self.ui.deviceComboBox.itemData(row)

    # Watching

    def _watch(self) -> None:
        """Look at the runs from now on, or no longer."""
        if self._entered and not self.ui.trainCollapsibleButton.collapsed:
            self._timer.start()
            self._form.offerModels(self.logic.models())
            self._devices.begin()
            self._readRuns()
        else:
            self._timer.stop()

    def _readRuns(self) -> None:
        # Looking for packages takes longer than looking at runs, and what is there stays there.
        self._readable = self._readable or not self.logic.missingPackages("files")
        if not self._readable:
            self._note(
                _(
                    "Your trainings cannot be shown before Python packages are installed that "
                    "Slicer does not bring; Start training asks you for them."
                )
            )
            return
        try:
            readings = self._reader.read()
        except OSError as error:
            self._note(
                _("The folder of your trainings cannot be read ({why}).").format(why=error.strerror)
            )
            return
        self._note("" if readings else _("There are no trainings yet."))
        self._runs.show(readings)
        self._showSelected()

    def _showSelected(self) -> None:
        reading = self._runs.selected
        text = ""
        if reading is not None:
            text = reading.problem or _inWords(reading.status)
            if not self.ui.logGroupBox.collapsed:
                self._log.show(reading.run)
        tell(self.ui.runLabel, text)
        self._updateButtons()

    def _note(self, text: str) -> None:
        """A quiet line above the table."""
        tell(self.ui.runsLabel, text)

    def _tell(self, text: str) -> None:
        """A line below the button that starts trainings."""
        tell(self.ui.startLabel, text)

    def _updateButtons(self) -> None:
        ui, reading = self.ui, self._runs.selected
        checking = _("A training is just being checked and started.") if self.busy else ""
        undecided = ""
        if self.parameterNode is None or not self.parameterNode.dataset:
            undecided = _("Choose the folder of the dataset first.")
        for button, reason, toolTip in (
            (
                ui.startButton,
                checking or undecided or self._form.whyNot,
                _("Train in the background. It goes on when Slicer is closed."),
            ),
            (
                ui.stopButton,
                runReasons.notStopped(reading),
                _("Let the training save its state and end; it can be resumed."),
            ),
            (
                ui.resumeButton,
                checking or runReasons.notResumed(reading),
                _("Let the training go on from its last epoch."),
            ),
            (
                ui.stopNowButton,
                runReasons.notEnded(reading),
                _("End the training at once. What came after its last epoch is lost."),
            ),
            (
                ui.plotLossesButton,
                runReasons.notPlotted(reading),
                _("Show the losses by epoch in the plot view, and keep them up to date."),
            ),
            (
                ui.plotDiceButton,
                runReasons.notPlotted(reading),
                _(
                    "Show the Dice of each label on the validation scans by epoch in the plot "
                    "view, and keep it up to date."
                ),
            ),
            (
                ui.openFolderButton,
                runReasons.notOpened(reading),
                _("Show the files of the run: settings, log, figures and model."),
            ),
            (
                ui.useModelButton,
                _("The model is being copied.")
                if self._adopting.busy
                else runReasons.notUsed(reading),
                _("Segment with the model of this run from now on."),
            ),
        ):
            setEnabled(button, reason, toolTip)

    # What the buttons do

    def _start(self) -> None:
        if not self._packagesAreThere(self._form.network):
            return
        chosen = self.parameterNode
        self.ui.datasetPathLineEdit.addCurrentPathToHistory()
        rememberDataset(chosen.dataset)
        settings = self._form.settings(chosen.dataset, chosen.device)
        self.startJob(
            self.logic.trainJob(
                settings,
                onProgress=lambda report: self._tell(report["stage"]),
                onFinished=self._onStarted,
                onFailed=self._onFailed,
            )
        )

    def _cancel(self) -> None:
        self.cancelJob()
        self._tell(_("Cancelled; no training was started."))

    def _resume(self) -> None:
        if self._packagesAreThere():
            self.logic.resumeTraining(self._runs.selected.run)
            self._readRuns()

    def _packagesAreThere(self, network: Network | None = None) -> bool:
        """Whether what a training, with a network, needs is installed, after asking for it."""
        there = packagesAreThere(self.logic, LEARNING, _("train a model"), self._tell)
        if there and network is not None and network.extra:
            reason = _("train the network {title}").format(title=network.title)
            there = packagesAreThere(self.logic, network.extra, reason, self._tell)
        self._form.update()
        # The scene may have been closed meanwhile.
        return there and self.parameterNode is not None

    def _onStarted(self, run) -> None:
        self._readRuns()
        self._runs.select(run.path)

    def _onFailed(self, error) -> None:
        self._failure = _("Not started: {reason}").format(reason=error)
        self._tell(self._failure)
        showError(error)

    def _stop(self) -> None:
        self.logic.stopTraining(self._runs.selected.run)
        self._readRuns()

    def _stopNow(self) -> None:
        run = self._runs.selected.run
        if slicer.util.confirmYesNoDisplay(
            plain(
                _(
                    "End the training {name} at once? What it has learned since its last epoch is "
                    "lost. Stop would let it save that first."
                ).format(name=run.name)
            )
        ):
            self.logic.stopTraining(run, now=True)
            self._readRuns()

    def _plotLosses(self) -> None:
        self._plot("losses")

    def _plotDice(self) -> None:
        self._plot("dice")

    def _plot(self, figures: Figures) -> None:
        self.logic.showTrainingPlot(self._runs.selected.run, figures)
        self._plotTimer.start()

    def _followPlots(self) -> None:
        if chartsAreShown():
            updateShownCharts()
        else:
            self._plotTimer.stop()

    def _openFolder(self) -> None:
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(self._runs.selected.run.path)))

    def _useModel(self) -> None:
        self._adopting.start(
            self.logic.useModelJob(
                self._runs.selected.run.path, onFinished=self._onAdopted, onFailed=showError
            )
        )

    def _onAdopted(self, model: str) -> None:
        # The scene may be closed just now.
        if self.parameterNode is not None:
            self.parameterNode.model = model
        self._form.offerModels(self.logic.models())


def _inWords(status) -> str:
    """What a run is about and how far it is, or how it ended."""
    if status.state.value == "finished":
        return _("The model is ready; Use this model lets you segment with it.")
    text = status.message or (status.stage if status.active else "")
    parts = [text[:1].upper() + text[1:]]
    if status.state.value == "running" and status.epoch and status.epochs:
        parts.append(
            _("epoch {epoch} of {epochs}").format(epoch=status.epoch, epochs=status.epochs)
        )
        if status.eta_seconds is not None:
            parts.append(timeLeft(status.eta_seconds))
        if status.device:
            parts.append(status.device)
    return ", ".join(filter(None, parts))
