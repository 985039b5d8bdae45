"""Memory that one pass through a network frees and the next one needs again."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# From malloc.h of glibc.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
# What glibc comes to by itself where large arrays come and go, and its default.
_USUAL = {_TRIM_THRESHOLD: 64 * 2**20, _MMAP_THRESHOLD: 32 * 2**20, _MMAP_MAX: 65536}


def keep_freed_memory() -> None:
    """Have the C library keep what is freed, instead of giving it back to the system.

    Else every array of more than some MB is new memory, which the system fills with zeros page by
    page: an eighth of the time of a training step of the U-Net on a CPU, a quarter of that of
    segmenting, and half of that of IUC. From then on it holds for the whole process. Nothing is
    done where the C library is not glibc.
    """
    _set({_MMAP_MAX: 0, _TRIM_THRESHOLD: -1})


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """`keep_freed_memory` while the context lasts; at its end all of it goes back to the system."""
    keep_freed_memory()
    try:
        yield
    finally:
        _set(_USUAL)
        give_back_freed_memory()


def give_back_freed_memory() -> None:
    """Give the system what the C library, if it is glibc, has kept until now."""
    if (library := _glibc()) is not None:
        library.malloc_trim(0)


def _set(options: dict[int, int]) -> None:
    if (library := _glibc()) is not None:
        for option, value in options.items():
            library.mallopt(option, value)


def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
