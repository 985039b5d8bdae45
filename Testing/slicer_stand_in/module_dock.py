"""The dock around the panel of a module: as wide as that asks for, and never less again."""

from __future__ import annotations

from PySide6 import QtCore, QtWidgets


class ModuleDock(QtWidgets.QScrollArea):
    """Fills its window; scrolls up and down only.

    As in Slicer the width follows the `sizeHint` of the content whenever that is laid out anew: it
    grows with the hint, and does not shrink when the hint does. A person may make it narrower.
    """

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def eventFilter(self, watched, event) -> bool:
        if watched is self.widget() and event.type() == QtCore.QEvent.Type.LayoutRequest:
            self._follow()
        return super().eventFilter(watched, event)

    def _follow(self) -> None:
        wanted = self.widget().sizeHint().width() + self.verticalScrollBar().sizeHint().width()
        window = self.window()
        if wanted > window.width():
            window.resize(wanted, window.height())
