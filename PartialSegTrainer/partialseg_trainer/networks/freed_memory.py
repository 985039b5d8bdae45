"""Memory that one pass through a network frees and the next one needs again."""

from __future__ import annotations

import ctypes
import sys

# From malloc.h of glibc.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4


def keep_freed_memory() -> None:
    """Have the C library keep what is freed, instead of giving it back to the system.

    Else every array of more than some MB is new memory, which the system fills with zeros page by
    page: an eighth of the time of a training step of the U-Net on a CPU, a quarter of that of
    segmenting, and half of that of IUC. From then on it holds for the whole process. Nothing is
    done where the C library is not glibc.
    """
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_MMAP_MAX, 0)
        library.mallopt(_TRIM_THRESHOLD, -1)
