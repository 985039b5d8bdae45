"""Pictures of widgets, as wide as Slicer's module panel."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6 import QtCore

WIDTH = 420
_SETTLE_SECONDS = 0.5
_ROUNDS = 2


def savePicture(widget, path: Path) -> None:
    """Write a widget as PNG, at the height that its content needs."""
    shown = widget.qtObject
    before = (shown.minimumSize(), shown.maximumSize())
    # What breaks into lines at this width makes a tree higher, for which there is room then.
    for _round in range(_ROUNDS):
        height = shown.sizeHint().height()
        if shown.layout() is not None and shown.layout().hasHeightForWidth():
            height = shown.layout().totalHeightForWidth(WIDTH)
        shown.setFixedSize(WIDTH, height)
        # Layouts within layouts take a while to settle, and the panel looks at its width at times.
        end = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < end:
            QtCore.QCoreApplication.processEvents()
    picture = shown.grab()
    shown.setMinimumSize(before[0])
    shown.setMaximumSize(before[1])
    if not picture.save(str(path)):
        raise OSError(f"{path}: the picture cannot be written")
