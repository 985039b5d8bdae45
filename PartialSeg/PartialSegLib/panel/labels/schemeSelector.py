"""The selector of label schemes: those that come along, and the user's own files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import qt
from slicer.i18n import tr as _

from ..comboBox import longChoice


class SchemeSelector:
    """Offers schemes in a combo box, with a label for titles that are long.

    `onChosen` gets the name of a preset, or the path of a file.
    `presets` has their titles by name. Who asked for a file and then gives none gets "".
    """

    def __init__(
        self, comboBox, label, presets: Mapping[str, str], onChosen: Callable[[str], object]
    ) -> None:
        self._comboBox = comboBox
        self._label = label
        self._onChosen = onChosen
        for name, title in presets.items():
            comboBox.addItem(title, name)
        comboBox.addItem(_("From a file..."))
        comboBox.connect("currentIndexChanged(int)", self._onIndexChanged)

    def show(self, nameOrPath: str) -> None:
        """Select a scheme without choosing it; a file gets an entry of its own."""
        wasBlocked = self._comboBox.blockSignals(True)
        try:
            index = self._comboBox.findData(nameOrPath)
            if index < 0:
                index = self._comboBox.count - 1
                self._comboBox.insertItem(index, Path(nameOrPath).name, nameOrPath)
                self._comboBox.setItemData(index, nameOrPath, qt.Qt.ToolTipRole)
            self._comboBox.setCurrentIndex(index)
            self._label.text = longChoice(self._comboBox)
            self._label.visible = bool(self._label.text)
        finally:
            self._comboBox.blockSignals(wasBlocked)

    def _onIndexChanged(self, index: int) -> None:
        chosen = self._comboBox.itemData(index)
        if chosen is None:
            chosen = qt.QFileDialog.getOpenFileName(
                self._comboBox, _("Label scheme"), "", _("Label schemes (*.json)")
            )
        self._onChosen(chosen)
