"""Which computer this is, for the question whether a process number means anything here."""

from __future__ import annotations

import hashlib
import os
import platform
import uuid
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def this_computer() -> str:
    """The same for two processes that see each other, another one for all that do not.

    A computer's name is not enough: containers often share one, and so do clones. What counts is
    since when the system runs and, in a container, which processes can be seen at all.
    """
    parts = [platform.system(), f"{uuid.getnode():x}"]
    if platform.system() == "Linux":
        # A container may have another network card than the computer that it is on.
        parts = [
            Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip(),
            os.readlink("/proc/self/ns/pid"),
        ]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]
