"""The list of contradictions: a click leads to the place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...annotation.contradictions import FoundContradiction


class ContradictionList:
    """Shows contradictions in a list widget, which is hidden while there are none.

    `onClicked` gets the one that the user clicks, or presses Enter on.
    """

    def __init__(self, listWidget, onClicked: Callable[[FoundContradiction], object]) -> None:
        self._listWidget = listWidget
        self._onClicked = onClicked
        self._found: list[FoundContradiction] = []
        # Enter is for those without a mouse; a double click is both, which comes to the same.
        for signal in ("itemClicked", "itemActivated"):
            listWidget.connect(f"{signal}(QListWidgetItem*)", self._onItemClicked)
        self.show([])

    @property
    def isEmpty(self) -> bool:
        return not self._found

    def show(self, found: Sequence[FoundContradiction]) -> None:
        """List these instead of what was listed."""
        self._found = list(found)
        self._listWidget.clear()
        for entry in self._found:
            self._listWidget.addItem(entry.message)
        self._listWidget.visible = bool(self._found)

    def _onItemClicked(self, item) -> None:
        self._onClicked(self._found[self._listWidget.row(item)])
