"""The settings of a new training, as the user chooses them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import qt
from slicer.i18n import tr as _

from ..models import ModelCard
from ..networks import networks
from ..training import settingsFrom
from .section import setEnabled


class TrainingForm:
    """Fills the widgets that describe a training, and reads them."""

    def __init__(self, ui, methods) -> None:
        self._ui = ui
        self._methods = list(methods)
        self._networks = networks()
        self._models: list[ModelCard] = []
        self._networkToolTip = ui.networkComboBox.toolTip
        for row, method in enumerate(self._methods):
            ui.methodComboBox.addItem(method.title)
            ui.methodComboBox.setItemData(row, method.description, qt.Qt.ToolTipRole)
        for network in self._networks:
            ui.networkComboBox.addItem(
                _("{title} ({count} million parameters)").format(
                    title=network.title, count=round(network.parameters / 1e6, 1)
                )
            )
        ui.initialModelComboBox.addItem(_("Scratch"))
        ui.methodComboBox.connect("currentIndexChanged(int)", self._describe)
        ui.networkComboBox.connect("currentIndexChanged(int)", self._describe)
        ui.initialModelComboBox.connect("currentIndexChanged(int)", self._describe)
        self._describe()

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
        self._describe()

    def settings(self, dataset: str, device: str) -> dict[str, Any]:
        """The fields of the engine's TrainConfig.

        Raises UserError when the model to start from cannot be used.
        """
        ui = self._ui
        model, network = self._initialModel, self._network
        start = (
            {"network": network.settings, "preprocessing": network.preprocessing}
            if model is None
            else settingsFrom(model.name)
        )
        return {
            "dataset": dataset,
            "name": ui.nameLineEdit.text.strip() or Path(dataset).name,
            "loss": self._method.name,
            "epochs": ui.epochsSpinBox.value,
            "device": device,
            "batch_size": ui.batchSizeSpinBox.value,
            "learning_rate": ui.learningRateSpinBox.value,
            "patch": [ui.patchSpinBox.value] * 2,
            "slices_per_epoch": ui.slicesSpinBox.value or None,
            "validation_fraction": ui.validationSpinBox.value / 100,
            "seed": ui.seedSpinBox.value,
            **start,
        }

    @property
    def _initialModel(self) -> ModelCard | None:
        row = self._ui.initialModelComboBox.currentIndex
        return self._models[row - 1] if row > 0 else None

    @property
    def _method(self):
        return self._methods[self._ui.methodComboBox.currentIndex]

    @property
    def _network(self):
        return self._networks[self._ui.networkComboBox.currentIndex]

    def _describe(self) -> None:
        """Say what the choices mean."""
        ui = self._ui
        ui.methodDescriptionLabel.text = self._method.description
        setEnabled(
            ui.networkComboBox,
            _("The network is that of the model to start from.")
            if self._initialModel is not None
            else "",
            f"{self._networkToolTip} {self._network.description}",
        )
