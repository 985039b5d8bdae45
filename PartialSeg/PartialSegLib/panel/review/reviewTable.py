"""The table of labels under review: confidence, volume and status of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import qt
from slicer.i18n import tr as _

from ...annotation.labelTable import LabelRow
from ..plainText import plain
from ..room import Room
from ..silent import silent
from ..statusNames import STATUS_NAMES, STATUS_SYMBOLS, TO_REVIEW, TO_REVIEW_SYMBOL

_LABEL, _CONFIDENCE, _VOLUME, _STATUS = range(4)
_INDENT = "    "
# As many letters leave room for the names of statuses.
_WORDS = 50


class ReviewTable:
    """Shows labels in a table widget, one a row; the selection stays while the labels do.

    `onSelected` is called when the user selects others.
    """

    def __init__(self, table, onSelected: Callable[[], object]) -> None:
        self._table = table
        self._rows: tuple[LabelRow, ...] = ()
        header = table.horizontalHeader()
        header.setSectionResizeMode(_LABEL, qt.QHeaderView.Stretch)
        for column in (_CONFIDENCE, _VOLUME, _STATUS):
            header.setSectionResizeMode(column, qt.QHeaderView.ResizeToContents)
        table.verticalHeader().setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        self._waiting: Collection[str] = ()
        self._worded = None
        self._room = Room(table, header, self._onRoomChanged)
        table.connect("itemSelectionChanged()", onSelected)

    @property
    def selected(self) -> tuple[str, ...]:
        """Names of the selected labels."""
        rows = {item.row() for item in self._table.selectedItems()}
        return tuple(self._rows[row].name for row in sorted(rows))

    def show(self, rows: Sequence[LabelRow], waiting: Collection[str]) -> None:
        """Show these labels; those in `waiting` await review."""
        anew = [row.name for row in rows] != [row.name for row in self._rows]
        self._rows, self._waiting = tuple(rows), waiting
        if anew:
            with silent(self._table):
                self._table.clearSelection()
                self._table.clearContents()
                self._table.rowCount = len(rows)
        for position, row in enumerate(rows):
            item = self._item(position, _LABEL)
            item.setText(_INDENT * row.depth + row.title)
            item.setToolTip(plain(row.title))
            item.setData(qt.Qt.DecorationRole, qt.QColor(*row.colour))
        self._showStatuses()

    def showMeasured(self, confidences: Mapping[str, float], volumes: Mapping[str, float]) -> None:
        """Show the mean confidence, percent, and the volume, mL, of labels, where known."""
        for position, row in enumerate(self._rows):
            percent, volume = confidences.get(row.name), volumes.get(row.name)
            shown = "" if percent is None else _("{percent} %").format(percent=round(percent))
            self._item(position, _CONFIDENCE).setText(shown)
            shown = "" if volume is None else f"{volume:.2f}"
            self._item(position, _VOLUME).setText(shown)

    def _onRoomChanged(self) -> None:
        if (self._room.letters >= _WORDS) != self._worded:
            self._showStatuses()

    def _showStatuses(self) -> None:
        """Write the statuses, as symbols where there is no room for words."""
        self._worded = self._room.letters >= _WORDS
        for position, row in enumerate(self._rows):
            name, symbol = STATUS_NAMES[row.status], STATUS_SYMBOLS[row.status]
            if row.name in self._waiting:
                name, symbol = TO_REVIEW, TO_REVIEW_SYMBOL
            item = self._item(position, _STATUS)
            item.setText(name if self._worded else symbol)
            item.setToolTip(name)

    def _item(self, row: int, column: int):
        item = self._table.item(row, column)
        if item is None:
            item = qt.QTableWidgetItem()
            if column in (_CONFIDENCE, _VOLUME):
                item.setTextAlignment(qt.Qt.AlignCenter)
            self._table.setItem(row, column, item)
        return item
