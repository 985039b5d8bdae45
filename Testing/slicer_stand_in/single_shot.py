"""qt.QTimer.singleShot(milliseconds, callable)."""

from __future__ import annotations

from collections.abc import Callable

from PySide6 import QtCore

from .signals import call

_waiting: set[QtCore.QTimer] = set()


def singleShot(milliseconds: int, slot: Callable[[], object]) -> None:
    """Call something once, later."""
    timer = QtCore.QTimer()
    timer.setSingleShot(True)
    timer.timeout.connect(lambda: _waiting.discard(timer))
    timer.timeout.connect(lambda: call(slot))
    _waiting.add(timer)
    timer.start(milliseconds)


def forgetTimers() -> None:
    """Stop what still waits; for the end of a test."""
    for timer in _waiting:
        timer.stop()
    _waiting.clear()
