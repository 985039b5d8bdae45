"""The settings of a new training, as the user chooses them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import qt
from slicer.i18n import tr as _

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.methods import Method, Network, Sampling, Strategy

from ...engine.models import ModelCard, settingsFrom
from ..comboBox import longChoice
from ..section import setEnabled
from ..silent import silent
from .trainingReasons import notFrom, notTogether


class TrainingForm:
    """Fills the widgets that describe a training, and reads them.

    What is chosen first is the engine's default. `onChanged` is called when the choices do, or no
    longer do, go together (`whyNot`).
    """

    def __init__(self, ui, logic, onChanged: Callable[[], object]) -> None:
        self._ui = ui
        self._logic = logic
        self._onChanged = onChanged
        self._models: list[ModelCard] = []
        self._networkToolTip = ui.networkComboBox.toolTip
        self._methods: Sequence[Method] = logic.methods()
        self._strategies: Sequence[Strategy] = logic.strategies()
        self._networks: Sequence[Network] = logic.networks()
        self._samplings: Sequence[Sampling] = logic.samplings()
        self._dataset = ""
        self._chosenByUser = False
        ui.initialModelComboBox.addItem(_("Scratch"))
        # First of all, or the choice would be taken back before it is known for the user's.
        ui.initialModelComboBox.connect("currentIndexChanged(int)", self._onModelChosen)
        for combo, entries in (
            (ui.methodComboBox, self._methods),
            (ui.strategyComboBox, self._strategies),
            (ui.networkComboBox, self._networks),
            (ui.samplingComboBox, self._samplings),
            (ui.initialModelComboBox, ()),
        ):
            for row, entry in enumerate(entries):
                combo.addItem(entry.title)
                combo.setItemData(row, entry.description, qt.Qt.ToolTipRole)
            combo.connect("currentIndexChanged(int)", self.update)
        for spinBox in (ui.validationSpinBox, ui.testSpinBox):
            spinBox.connect("valueChanged(int)", self.update)
        ui.methodComboBox.setItemText(
            0, _("{title} (recommended)").format(title=self._methods[0].title)
        )

    def offerModels(self, models: Sequence[ModelCard]) -> None:
        """Let the user choose a model to start from; the choice stays if the model is there."""
        combo, chosen = self._ui.initialModelComboBox, self._initialModel
        wasBlocked = combo.blockSignals(True)
        while combo.count > 1:
            combo.removeItem(1)
        for card in models:
            combo.addItem(_("{title} ({date})").format(title=card.title, date=card.date))
        self._models = list(models)
        names = [card.name for card in models]
        if chosen is not None and chosen.name in names:
            combo.currentIndex = 1 + names.index(chosen.name)
        combo.blockSignals(wasBlocked)
        self.update()

    def useDataset(self, dataset: str) -> None:
        """Train on another dataset: a model of its scheme is where a first training starts."""
        if dataset != self._dataset:
            self._dataset = dataset
            self.update()

    def settings(self, dataset: str, device: str) -> dict[str, Any]:
        """The fields of the engine's TrainConfig; what is left to it is not among them.

        Raises UserError when the model to start from cannot be used.
        """
        ui, model = self._ui, self._initialModel
        if model is None:
            start, dimensions = self.network.settings, self.network.dimensions
        else:
            start = settingsFrom(model.name)
            dimensions = len(start.get("patch", (0, 0)))
        chosen = {
            "batch_size": ui.batchSizeSpinBox.value,
            "learning_rate": ui.learningRateSpinBox.value,
            "slices_per_epoch": ui.slicesSpinBox.value,
            "patch": ui.patchSpinBox.value and [ui.patchSpinBox.value] * dimensions,
        }
        return {
            "dataset": dataset,
            "name": ui.nameLineEdit.text.strip() or Path(dataset).name,
            "loss": self._method.name,
            "strategy": self._strategy.name,
            "sampling": self._sampling.name,
            "epochs": ui.epochsSpinBox.value,
            "device": device,
            "validation_fraction": ui.validationSpinBox.value / 100,
            "test_fraction": ui.testSpinBox.value / 100,
            "seed": ui.seedSpinBox.value,
            **start,
            **{name: value for name, value in chosen.items() if value},
        }

    @property
    def whyNot(self) -> str:
        """Why no training can be made of these choices; empty if one can."""
        model = self._initialModel
        return notTogether(self._strategy, self._method) or (
            notFrom(model, self._method, self._strategy) if model is not None else ""
        )

    @property
    def network(self) -> Network | None:
        """The chosen network; None if it is that of the model to start from."""
        if self._initialModel is not None:
            return None
        return self._networks[self._ui.networkComboBox.currentIndex]

    def update(self) -> None:
        """Say what the choices mean, and offer only what goes with them."""
        ui, method, strategy = self._ui, self._method, self._strategy
        if not self._chosenByUser:
            self._startFromWhatFits()
        ui.splitLabel.text = self._splitInWords()
        ui.methodDescriptionLabel.text = _described(ui.methodComboBox, method.description)
        ui.strategyDescriptionLabel.text = _described(
            ui.strategyComboBox,
            strategy.description
            + (" " + _("It needs scans that are labelled fully.") if strategy.needs_full else ""),
        )
        for row, each in enumerate(self._strategies):
            _allow(ui.strategyComboBox, row, notTogether(each, method), each.description)
        for row, card in enumerate(self._models, start=1):
            _allow(ui.initialModelComboBox, row, notFrom(card, method, strategy), card.trainingData)
        self._describeNetwork()
        ui.samplingComboBox.toolTip = self._sampling.description
        self._onChanged()

    def _onModelChosen(self, row: int) -> None:
        self._chosenByUser = True

    def _startFromWhatFits(self) -> None:
        """Start from the model that comes along where it has learned these labels already."""
        scheme = _schemeOf(self._dataset)
        fitting = (
            row
            for row, card in enumerate(self._models, start=1)
            if scheme is not None
            # The user's own models are for who asks for them.
            and not card.name
            and card.scheme.has_labels_of(scheme)
            and not notFrom(card, self._method, self._strategy)
        )
        with silent(self._ui.initialModelComboBox):
            self._ui.initialModelComboBox.currentIndex = next(fitting, 0)

    def _splitInWords(self) -> str:
        """What the scans are used for, unless the dataset itself says it."""
        validation, test = self._ui.validationSpinBox.value, self._ui.testSpinBox.value
        parts = []
        if validation:
            parts.append(
                _("{percent} % of the scans, at least one, judge it").format(percent=validation)
            )
        if test:
            parts.append(_("{percent} % are kept for a test").format(percent=test))
        if not parts:
            return _("All scans are learned from.")
        return _("{parts}; all others are learned from (see Advanced).").format(
            parts=", ".join(parts)
        )

    def _describeNetwork(self) -> None:
        ui, network = self._ui, self.network
        ui.networkDescriptionLabel.visible = network is not None
        setEnabled(
            ui.networkComboBox,
            _("The network is that of the model to start from.") if network is None else "",
            self._networkToolTip,
        )
        if network is None:
            return
        text = _("{description} Parameters: {count} million.").format(
            description=network.description, count=round(network.parameters / 1e6, 1)
        )
        missing = self._logic.missingPackages(network.extra) if network.extra else ()
        if missing:
            text += " " + _("Start training asks for what it needs: {packages}.").format(
                packages=", ".join(missing)
            )
        ui.networkDescriptionLabel.text = _described(ui.networkComboBox, text)

    @property
    def _initialModel(self) -> ModelCard | None:
        row = self._ui.initialModelComboBox.currentIndex
        return self._models[row - 1] if row > 0 else None

    @property
    def _method(self) -> Method:
        return self._methods[self._ui.methodComboBox.currentIndex]

    @property
    def _strategy(self) -> Strategy:
        return self._strategies[self._ui.strategyComboBox.currentIndex]

    @property
    def _sampling(self) -> Sampling:
        return self._samplings[self._ui.samplingComboBox.currentIndex]


def _schemeOf(dataset: str) -> LabelScheme | None:
    """The scheme of the dataset in a folder; None where there is none."""
    file = Path(dataset) / "scheme.json"
    if not dataset or not file.is_file():
        return None
    try:
        return LabelScheme.load(file)
    except UserError:
        # The check before the training says what is wrong with it.
        return None


def _described(combo, description: str) -> str:
    """A description, with the title before it where that may be cut off above."""
    whole = longChoice(combo)
    return f"{whole}: {description}" if whole else description


def _allow(combo, row: int, reason: str, toolTip: str) -> None:
    """Let an entry be chosen, or not for a `reason` that its tooltip then gives."""
    combo.model().item(row).setEnabled(not reason)
    combo.setItemData(row, reason or toolTip, qt.Qt.ToolTipRole)
