"""Whether somebody works on a run, whatever its status says.

The lock decides where it reaches. Where it does not (some network folders have none), and the
process is on another computer, what counts is that its heartbeat changes: the clocks of two
computers are never compared.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from . import lock, processes
from .computer import this_computer
from .folder import RunFolder
from .status import RunState, RunStatus

SILENCE_SECONDS = 120.0
"""After as long without a change a heartbeat has ended; network folders show files late."""


class _Seen(NamedTuple):
    heartbeat: object
    since: float
    changed: bool


# What this process has seen of runs that no lock tells about.
_seen: dict[Path, _Seen] = {}


def at_work(run: RunFolder, status: RunStatus) -> bool:
    """Whether a process is at work on the run, or about to begin, whose last status this is."""
    held = lock.is_held(run)
    return held or at_work_without(run, status, held)


def at_work_without(run: RunFolder, status: RunStatus, held: bool | None) -> bool:
    """The same for a lock that nobody else has, or that tells nothing if `held` is None."""
    if status.computer == this_computer():
        # A copy of a run that is at work has its status, but neither its lock nor its identity.
        return (
            (held is None or status.state is RunState.QUEUED)
            and status.identity == run.identity
            and processes.is_alive(status.pid, status.process_started)
        )
    return _is_heard(run, status)


def _is_heard(run: RunFolder, status: RunStatus) -> bool:
    """Whether the heartbeat has changed of late, as far as this process can tell."""
    now, before = time.monotonic(), _seen.get(run.path)
    if before is None or before.heartbeat != status.heartbeat:
        before = _Seen(status.heartbeat, now, changed=before is not None)
        _seen[run.path] = before
    if now - before.since >= SILENCE_SECONDS:
        return False
    if before.changed:
        return True
    # Seen for the first time: the file may have been at rest for long before.
    age = _age(run)
    return age is None or abs(age) < SILENCE_SECONDS


def _age(run: RunFolder) -> float | None:
    """For how many seconds status.json has been what it is, by the clock of its file system.

    Two files of one folder have the times of one clock. None where no file can be written.
    """
    with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=run.path) as now:
        return os.fstat(now.fileno()).st_mtime - run.status_file.stat().st_mtime
    return None
