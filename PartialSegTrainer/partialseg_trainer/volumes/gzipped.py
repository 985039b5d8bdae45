"""Gzip, unpacked as far as a header says that there is something, and no further."""

from __future__ import annotations

import gzip
import os
from io import BytesIO

from isal import igzip, isal_zlib

from ..limits import IMAGE_GB
from .file_bytes import check_size, damaged

BEST_RATIO = 1032
"""How many bytes one can hold at most: deflate codes 258 in two bits (zlib's documentation)."""

# Enough for the header of any image but a NRRD with much text in it.
_HEAD = 1 << 16
# What writers leave behind the voxels; it is passed over.
_REST = 1 << 20
_DAMAGE = (EOFError, isal_zlib.error, gzip.BadGzipFile)


def is_gzipped(content: bytes) -> bool:
    """Whether the bytes begin as a gzip file does."""
    return content.startswith(b"\x1f\x8b")


def head(content: bytes, name: str | os.PathLike) -> bytes:
    """The first bytes of what is packed, enough to tell what it is.

    Raises UserError for a damaged file.
    """
    try:
        with igzip.IGzipFile(fileobj=BytesIO(content)) as packed:
            return packed.read(_HEAD)
    except _DAMAGE as error:
        raise damaged(name, "gzip file", error) from error


def unpacked(content: bytes, size: int, name: str | os.PathLike) -> bytes:
    """What is packed, of which a header says that it is `size` bytes; fewer where fewer are there.

    Raises UserError for a damaged file, one that cannot hold as much, one that holds far more, and
    more memory than IMAGE_GB allows.
    """
    check_can_hold(len(content), size, name)
    check_size(size, name)
    return _unpacked(content, size, name)


def all_unpacked(content: bytes, name: str | os.PathLike) -> bytes:
    """All that is packed. Raises UserError as `unpacked` does."""
    return _unpacked(content, most_unpacked(len(content)), name)


def most_unpacked(packed: int) -> int:
    """As many bytes as so many packed ones can hold, and IMAGE_GB allows."""
    return min(BEST_RATIO * packed, int(IMAGE_GB.value * 1e9))


def _unpacked(content: bytes, size: int, name: str | os.PathLike) -> bytes:
    try:
        with igzip.IGzipFile(fileobj=BytesIO(content)) as packed:
            whole = packed.read(size)
            # To the end, where the checksum stands.
            more = len(packed.read(_REST))
    except _DAMAGE as error:
        raise damaged(name, "gzip file", error) from error
    if more == _REST:
        raise damaged(name, "gzip file", f"it holds far more than {size} bytes of an image")
    return whole


def check_can_hold(packed: int, size: int, name: str | os.PathLike) -> None:
    """Raise UserError where so many packed bytes cannot hold `size` bytes."""
    if size > BEST_RATIO * packed:
        raise damaged(
            name, "gzip file", f"its header declares {size} bytes, more than {packed} can hold"
        )
