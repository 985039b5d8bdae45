"""Widgets that are filled anew, without telling of what is selected on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silent(widget) -> Iterator[None]:
    """Let a widget tell nothing meanwhile.

    Qt's lists tell of a selection when they are emptied, while what was in them is half gone.
    """
    wasBlocked = widget.blockSignals(True)
    try:
        yield
    finally:
        widget.blockSignals(wasBlocked)
