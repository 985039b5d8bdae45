"""Keeps None alive: PySide6 6.12 gives back references to it that it never took."""

import ctypes
import sys


def letNoneLast() -> None:
    """Give None references enough for any test run; since Python 3.12 it needs none.

    Without them Python ends with "deallocating None" after some 20,000 turns of the event loop.
    """
    if sys.version_info < (3, 12):
        ctypes.c_ssize_t.from_address(id(None)).value += 1 << 40
