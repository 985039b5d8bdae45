"""The lock that a training holds for as long as it lives: whoever has it works on the run.

It is the system's own (flock, or its like on Windows), so it ends with its process however that
ends, and no clock, process number or computer's name is asked.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import filelock

from ..errors import UserError
from .folder import RunFolder, without_locks

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

# For as long, somebody who only looks may be in the way.
_PATIENCE_SECONDS = 5.0
_LOOKS = 5


def hold(run: RunFolder) -> filelock.BaseFileLock | None:
    """Take the lock until it is released, or this process ends.

    None where the file system has no locks: then the heartbeat alone shows that somebody works.
    Raises UserError when another process has it, or the folder cannot be written.
    """
    # A thread other than the one that took it may be the one that ends the training.
    lock = filelock.FileLock(run.work_lock_file, thread_local=False)
    try:
        lock.acquire(timeout=_PATIENCE_SECONDS)
    except filelock.Timeout:
        raise UserError(
            f"Another process is at work on the run {run.name}; watch it, or stop it first."
        ) from None
    except (NotImplementedError, OSError) as error:
        if without_locks(error):
            return None
        raise UserError(
            f"The run folder {run.path} cannot be written ({error.strerror}); check its "
            "permissions and the disk."
        ) from error
    return lock


def is_held(run: RunFolder) -> bool | None:
    """Whether some process holds the lock, on this computer or another that it reaches.

    None where that cannot be found out: the file system has no locks, or may not be asked.
    """
    if not os.path.lexists(run.work_lock_file):
        return False
    try:
        return _is_shared_out(run.work_lock_file) if fcntl else _is_taken(run.work_lock_file)
    except (NotImplementedError, OSError):
        return None


def is_free(run: RunFolder) -> bool:
    """Whether nobody holds the lock, or only a process that is just about to end."""
    for _ in range(_LOOKS):
        if not is_held(run):
            return True
        time.sleep(0.1)
    return False


def _is_shared_out(path: Path) -> bool:
    """By asking for a share of the lock, which those who only look may have at once."""
    # For reading alone, because a run of somebody else may be looked at too.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _is_taken(path: Path) -> bool:
    """By taking the lock; one who looks in the same moment is told apart by looking again."""
    for _ in range(_LOOKS):
        try:
            with filelock.FileLock(path).acquire(timeout=0):
                return False
        except filelock.Timeout:
            time.sleep(0.01)
    return True
