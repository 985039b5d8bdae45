"""What the command line says, and the code it ends with, when something goes wrong."""

from __future__ import annotations

import errno
from enum import IntEnum

from ..errors import UserError
from ..failures import DISK_FULL, known_failure

_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}


class ExitCode(IntEnum):
    """How a command ended; 130, for Ctrl-C, is what shells expect.

    PROBLEMS: the work was done and found something wrong, or a training did not finish.
    BAD_INPUT: what was given cannot be used, and nothing was written. BUG: ours to mend.
    """

    FINE = 0
    PROBLEMS = 1
    BAD_INPUT = 2
    BUG = 70
    INTERRUPTED = 130


def explain(error: Exception) -> tuple[str, ExitCode]:
    """One sentence for the user, and the exit code, for an exception that ended a command."""
    if isinstance(error, UserError):
        return str(error), ExitCode.BAD_INPUT
    if isinstance(error, OSError):
        return _explain_os_error(error), ExitCode.BAD_INPUT
    sentence = known_failure(error)
    if sentence is not None:
        return sentence, ExitCode.BAD_INPUT
    return (
        f"This should not have happened ({type(error).__name__}: {error}); run it again as "
        "'partialseg --debug ...' and send what it prints to whoever maintains PartialSeg.",
        ExitCode.BUG,
    )


def _explain_os_error(error: OSError) -> str:
    # A copy has two names, of which the second is what could not be written.
    place = error.filename2 or error.filename or "A file"
    if error.errno in DISK_FULL:
        return f"{place} cannot be written: the disk is full; free some space and try again."
    if error.errno in _NOT_ALLOWED:
        return (
            f"{place} may not be read or written with your account ({error.strerror}); allow the "
            "access, or choose another place."
        )
    if error.errno == errno.ENOENT:
        return f"{place} does not exist; check the path."
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return f"{place} needs a folder where there is a file; choose another place."
    return f"{place} cannot be used ({error.strerror or error}); check the path and the disk."
