"""The fingerprint that ties labels to the image they were drawn on."""

from __future__ import annotations

import hashlib
import os

from .file_bytes import read_bytes


def checksum(path: str | os.PathLike) -> str:
    """SHA-256 of the file's bytes, in hexadecimal.

    Raises:
        UserError: the file is missing or cannot be read.
    """
    return hashlib.sha256(read_bytes(path)).hexdigest()
