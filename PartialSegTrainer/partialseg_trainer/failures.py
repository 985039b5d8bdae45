"""What an exception means to somebody who wants to train or segment, not to read a traceback."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

from .errors import UserError

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Numbers of the system's errors for a disk, or a user's share of it, without space."""

_NO_GPU_MEMORY = (
    "The GPU's memory was not enough; close other programs that use the GPU, choose a smaller "
    "batch size or the CPU as device, and start again."
)
_NO_MEMORY = (
    "The computer's memory was not enough; close other programs, or choose a smaller batch size, "
    "and start again."
)
_TOO_DEEP = (
    "Something that was read is nested too deeply; take levels out of the file that was given "
    "last, and start again."
)
_DISK_FULL = "The disk is full; free some space, then start again or resume."
_NO_PERMISSION = (
    "A file or folder may not be read or written with your account; the log names it: allow the "
    "access or choose another folder, and start again."
)
_FILE_GONE = (
    "A file that is needed is no longer there; the log names it: put it back, and start again."
)
_NOT_FINITE = (
    "The loss became infinite or not a number; choose a lower learning rate, switch mixed "
    "precision off, and start again."
)
_NO_PACKAGE = (
    "The Python package '{package}' is missing or does not load; install it, and start again."
)
_GPU_FAULT = (
    "The GPU or its driver reported an error; restart the computer, update the GPU's driver, or "
    "choose the CPU as device, and start again."
)

_OTHER_ENDED = (
    "Another process of the same training ended, or could not be reached; the log says which, and "
    "why if it could: resume the training to go on from its last checkpoint."
)

# torch reports these as RuntimeError, told apart by their text alone. The first that fits counts.
_BY_TEXT = (
    (r"gloo.*(by peer|timed out)|nccl(Remote|System)Error|NCCL.*timeout", _OTHER_ENDED),
    (r"no space left on device|disk quota exceeded", _DISK_FULL),
    # What torch says of a file that it could not write to the end.
    (r"PytorchStreamWriter failed|inline_container.*unexpected pos", _DISK_FULL),
    (r"DefaultCPUAllocator|not enough memory: you tried|unable to .*shared memory", _NO_MEMORY),
    (r"DataLoader worker .*(killed|exited unexpectedly)", _NO_MEMORY),
    (r"out of memory|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED", _NO_GPU_MEMORY),
    (r"CUDA (driver )?(error|version)|CUDNN_STATUS|CUBLAS_STATUS|NVIDIA driver", _GPU_FAULT),
)

_BY_ERRNO = {**dict.fromkeys(DISK_FULL, _DISK_FULL), errno.ENOMEM: _NO_MEMORY}

_BY_TYPE = (
    (MemoryError, _NO_MEMORY),
    (RecursionError, _TOO_DEEP),
    (FloatingPointError, _NOT_FINITE),
    (PermissionError, _NO_PERMISSION),
    (FileNotFoundError, _FILE_GONE),
)


def explain_failure(exception: BaseException) -> str:
    """One sentence that says what happened and what to change.

    A UserError speaks for itself, also when a library wrapped it. Of any other exception nothing
    is repeated but its type, since its text may name a patient's file; the log has the rest.
    """
    return known_failure(exception) or (
        f"An unexpected error ended the work ({type(exception).__name__}); send the end of the log "
        "to whoever maintains PartialSeg."
    )


def known_failure(exception: BaseException) -> str | None:
    """The sentence of `explain_failure` where the exception is one that is known, else None."""
    sentences = (_explain(error) for error in _chain(exception))
    return next((sentence for sentence in sentences if sentence), None)


def _explain(error: BaseException) -> str | None:
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError) and error.errno in _BY_ERRNO:
        return _BY_ERRNO[error.errno]
    if isinstance(error, ImportError):
        return _NO_PACKAGE.format(package=(error.name or "unknown").partition(".")[0])
    for kind, sentence in _BY_TYPE:
        if isinstance(error, kind):
            return sentence
    for pattern, sentence in _BY_TEXT:
        if re.search(pattern, str(error), re.IGNORECASE):
            return sentence
    return None


def _chain(exception: BaseException) -> Iterator[BaseException]:
    """The exception, and what it was raised from on purpose, outermost first."""
    error: BaseException | None = exception
    while error is not None:
        yield error
        error = error.__cause__
