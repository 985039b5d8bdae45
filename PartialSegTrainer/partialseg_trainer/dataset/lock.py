"""One process at a time changes a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from ..errors import UserError

_SECONDS = 600


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Wait until no other process or thread changes the dataset, and keep it to oneself.

    It must not be taken twice. The system gives the lock free when the process dies. Raises
    UserError when another process keeps it for long, or the folder cannot be written.
    """
    try:
        held = filelock.FileLock(folder / ".lock").acquire(timeout=_SECONDS)
    except filelock.Timeout:
        raise UserError(
            f"Another program has been writing to the dataset {folder} for {_SECONDS // 60} "
            "minutes; let it finish or end it, then try again."
        ) from None
    except OSError as error:
        raise UserError(
            f"The dataset {folder} cannot be written ({error.strerror}); check its permissions and "
            "the disk."
        ) from error
    with held:
        yield
