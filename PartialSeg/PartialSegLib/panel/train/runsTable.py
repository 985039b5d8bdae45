"""The table of trainings: state, epoch, time left, best score and device of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import qt
from slicer.i18n import tr as _

from ...engine.durations import inWords
from ..plainText import plain
from ..room import Room, wrapNames

if TYPE_CHECKING:
    from partialseg_trainer.runs import RunReading, RunStatus

_RUN, _STATE, _EPOCH, _TIME_LEFT, _DICE, _DEVICE = range(6)
# As many letters there have to be for columns that tell of the selected run what is told anyway.
_LETTERS = {_EPOCH: 48, _TIME_LEFT: 66, _DEVICE: 80}
_BAR_LETTERS = 11


class RunsTable:
    """Shows runs in a tree widget, one a row; the selection stays with its run.

    `onSelected` is called when the user selects another one.
    """

    def __init__(self, tree, onSelected: Callable[[], object]) -> None:
        self._tree = tree
        self._readings: dict[str, RunReading] = {}
        self._items: dict[str, object] = {}
        self._bars: dict[str, object] = {}
        header = tree.header()
        header.setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(_RUN, qt.QHeaderView.Stretch)
        # The hint of a progress bar is wider than what it shows.
        header.setSectionResizeMode(_EPOCH, qt.QHeaderView.Fixed)
        self._room = Room(tree, header, self._showColumns)
        self._showColumns()
        tree.connect("itemSelectionChanged()", onSelected)

    @property
    def selected(self) -> RunReading | None:
        """The reading of the selected run."""
        item = self._tree.currentItem()
        return self._readings.get(item.data(_RUN, qt.Qt.UserRole)) if item else None

    def select(self, path: Path) -> None:
        """Select a run, if the table shows it."""
        if str(path) in self._items:
            self._tree.setCurrentItem(self._items[str(path)])

    def show(self, readings: Iterable[RunReading]) -> None:
        """Bring the rows up to date; a new first row is selected if none was."""
        before = self._items.keys()
        self._readings = {str(reading.run.path): reading for reading in readings}
        for path in before - self._readings.keys():
            self._tree.takeTopLevelItem(self._tree.indexOfTopLevelItem(self._items.pop(path)))
            del self._bars[path]
        new = [path for path in self._readings if path not in self._items]
        for row, (path, reading) in enumerate(self._readings.items()):
            if path in new:
                self._insert(row, path)
            self._fill(path, reading)
        wrapNames(self._tree, self._items.values())
        if new and self._tree.currentItem() is None:
            self._tree.setCurrentItem(self._tree.topLevelItem(0))

    def _showColumns(self) -> None:
        tree, letters = self._tree, self._room.letters
        for column, needed in _LETTERS.items():
            tree.setColumnHidden(column, letters < needed)
        letter = tree.fontMetrics().averageCharWidth()
        tree.header().resizeSection(_EPOCH, _BAR_LETTERS * letter)
        wrapNames(self._tree, self._items.values())

    def _insert(self, row: int, path: str) -> None:
        item = qt.QTreeWidgetItem()
        item.setData(_RUN, qt.Qt.UserRole, path)
        item.setToolTip(_RUN, plain(path))
        bar = qt.QProgressBar()
        self._tree.insertTopLevelItem(row, item)
        self._tree.setItemWidget(item, _EPOCH, bar)
        self._items[path], self._bars[path] = item, bar

    def _fill(self, path: str, reading: RunReading) -> None:
        item, bar, status = self._items[path], self._bars[path], reading.status
        item.setText(_RUN, reading.run.name)
        # Not hidden before the number of epochs is known: a tree widget shows it again.
        bar.textVisible = status is not None and bool(status.epochs)
        if status is None:
            item.setText(_STATE, _("Damaged"))
            for column in (_TIME_LEFT, _DICE, _DEVICE):
                item.setText(column, "")
            bar.value = 0
            return
        item.setText(_STATE, _stateInWords(status))
        left = status.eta_seconds if status.state.value == "running" else None
        item.setText(_TIME_LEFT, "" if left is None else inWords(left))
        item.setText(_DICE, "" if reading.best_dice is None else f"{reading.best_dice:.3f}")
        item.setText(_DEVICE, status.device)
        bar.maximum = status.epochs or 1
        bar.value = status.epoch or 0
        bar.format = "%v / %m"


def _stateInWords(status: RunStatus) -> str:
    words = {
        "queued": _("Starting") if status.active else _("Not started"),
        "running": _("At work"),
        "stopping": _("Stopping"),
        "stopped": _("Stopped"),
        "finished": _("Finished"),
        "failed": _("Failed"),
        "interrupted": _("Interrupted"),
    }
    return words[status.state.value]
