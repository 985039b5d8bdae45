"""The end of a run's train.log."""

from __future__ import annotations

import os

from .folder import RunFolder

_BYTES_A_LINE = 400


def read_log_tail(run: RunFolder, lines: int = 40) -> str:
    """About the last `lines` lines of train.log, without reading all of it; "" where none is."""
    if run.log_file.is_symlink() or not run.log_file.is_file():
        return ""
    try:
        with open(run.log_file, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - lines * _BYTES_A_LINE))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
