"""Pictures of widgets, as wide as Slicer's module panel."""

from __future__ import annotations

from pathlib import Path

from PySide6 import QtCore

WIDTH = 480


def savePicture(widget, path: Path) -> None:
    """Write a widget as PNG, at the height that its content needs."""
    shown = widget.qtObject
    size = QtCore.QSize(WIDTH, max(shown.sizeHint().height(), shown.minimumSizeHint().height()))
    before = shown.size()
    shown.resize(size)
    QtCore.QCoreApplication.processEvents()
    picture = shown.grab()
    shown.resize(before)
    if not picture.save(str(path)):
        raise OSError(f"{path}: the picture cannot be written")
