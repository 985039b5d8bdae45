"""Which process is which: a process id alone is given out again after its process has ended."""

from __future__ import annotations

import contextlib
import time

import psutil

# psutil works the start time out from the clock, which a time server may have moved since.
_CLOCK_TOLERANCE_SECONDS = 5.0
_KILL_SECONDS = 10.0


def start_time(pid: int | None = None) -> float | None:
    """When process `pid` (default: this one) started, in seconds since 1970; None if it is gone."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def is_alive(pid: int | None, started: float | None) -> bool:
    """Whether the process `pid` that started at `started` still runs; a zombie does not.

    `started` is None when the process had ended before its start time could be read.
    """
    if pid is None:
        return False
    try:
        process = psutil.Process(pid)
        same = started is not None and (
            abs(process.create_time() - started) < _CLOCK_TOLERANCE_SECONDS
        )
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, OverflowError):
        return False


def is_self_or_ancestor(pid: int | None) -> bool:
    """Whether `pid` is this process or one that started it.

    PythonSlicer and the python.exe of a Windows environment are launchers: the process that was
    started is then the parent of the one that trains.
    """
    this = psutil.Process()
    return pid == this.pid or any(parent.pid == pid for parent in this.parents())


def kill_tree(pid: int) -> bool:
    """End `pid` and all that it started, at once. Returns whether all of them are gone."""
    try:
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return True
    for process in tree:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    deadline = time.monotonic() + _KILL_SECONDS
    while any(map(_runs, tree)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
