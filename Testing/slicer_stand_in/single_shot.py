"""qt.QTimer.singleShot(milliseconds, callable)."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable

from PySide6 import QtCore

from .signals import errors

_waiting: set[QtCore.QTimer] = set()


def singleShot(milliseconds: int, slot: Callable[[], object]) -> None:
    """Call something once, later."""
    timer = QtCore.QTimer()
    timer.setSingleShot(True)

    def act() -> None:
        _waiting.discard(timer)
        try:
            slot()
        except Exception as error:
            errors.append(error)
            traceback.print_exc(file=sys.stderr)

    timer.timeout.connect(act)
    _waiting.add(timer)
    timer.start(milliseconds)


def forgetTimers() -> None:
    """Stop what still waits; for the end of a test."""
    for timer in _waiting:
        timer.stop()
    _waiting.clear()
