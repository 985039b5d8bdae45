"""How much a table or tree has room for: words in a wide panel, symbols in a narrow one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import qt

_LOOK_MS = 150
# Widths settle after one; more would be a view that cannot decide.
_ROUNDS = 3
# Between text, icon and the edges of a cell.
_MARGINS = 16


class Room:
    """Knows how many letters stand side by side in a view of rows.

    `onChanged` is called when its columns were given other widths, so that it should look otherwise
    or rows may need another height.
    """

    def __init__(self, view, header, onChanged: Callable[[], object]) -> None:
        self._view = view
        self._onChanged = onChanged
        self._telling = self._again = False
        header.connect("sectionResized(int,int,int)", self._onResized)
        # Columns that cannot get narrower stay as they are, and reach out of the view.
        view.horizontalScrollBar().connect("rangeChanged(int,int)", self._onResized)
        # Of a column that takes what is left Qt tells nothing, so that the view is looked at. The
        # timer is its child, and goes with it.
        self._width = 0
        self._timer = qt.QTimer(view)
        self._timer.setInterval(_LOOK_MS)
        self._timer.connect("timeout()", self._look)
        self._timer.start()

    @property
    def letters(self) -> int:
        """About how many letters there is room for."""
        return self._view.viewport().width // self._view.fontMetrics().averageCharWidth()

    @contextmanager
    def toldOnce(self) -> Iterator[None]:
        """Tell but once, afterwards, of all the widths that change within."""
        self._telling = True
        try:
            yield
        finally:
            self._telling = False
        self._onResized()

    def _look(self) -> None:
        width = self._view.viewport().width
        if width != self._width:
            self._width = width
            self._onResized()

    def _onResized(self, *_widths: int) -> None:
        # What is shown otherwise has other widths, which are told after it and not within.
        self._again = True
        if self._telling:
            return
        self._telling, rounds = True, 0
        while self._again and rounds < _ROUNDS:
            self._again, rounds = False, rounds + 1
            self._onChanged()
        self._telling = False


def wrapNames(tree, items: Iterable) -> None:
    """Make the rows of a tree so high that the texts in their first column are seen whole.

    A table does that by itself; Qt's tree breaks the lines, but leaves the row as it is.
    """
    metrics, indentation = tree.fontMetrics(), tree.indentation
    for item in items:
        depth, above = int(tree.rootIsDecorated), item.parent()
        while above is not None:
            depth, above = depth + 1, above.parent()
        icon = 0 if item.icon(0).isNull() else max(tree.iconSize.width(), metrics.height())
        width = tree.header().sectionSize(0) - depth * indentation - icon - _MARGINS
        flags = int(qt.Qt.TextWordWrap) | int(qt.Qt.AlignLeft)
        box = metrics.boundingRect(0, 0, max(width, 1), 1000, flags, item.text(0))
        item.setSizeHint(0, qt.QSize(width, box.height() + _MARGINS // 2))
