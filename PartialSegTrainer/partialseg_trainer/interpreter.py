"""Which Python runs the engine's own processes, and in what environment."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from .errors import UserError

_ENGINE = Path(__file__).resolve().parent

SAFE_PATH = {"PYTHONSAFEPATH": "1"}
"""What keeps a Python, and all that it starts, from importing out of its working directory."""


def python_executable() -> str:
    """The interpreter for a process of the engine: this one, or PythonSlicer within Slicer.

    Raises UserError when there is none.
    """
    # Not "python-real", which PythonSlicer runs with the libraries of Slicer on its path.
    if re.fullmatch(r"python(slicer|w?[\d.]*)", Path(sys.executable).stem.lower()):
        return sys.executable
    found = shutil.which("PythonSlicer")
    if found is None:
        raise UserError(
            "No Python was found to work with (PythonSlicer is not beside Slicer); "
            "install Slicer anew or name a Python."
        )
    return found


def engine_command(
    module: str, *arguments: str, python: str | os.PathLike | None = None
) -> list[str]:
    """The command that runs a module of the engine, in `python` or `python_executable()`."""
    interpreter = python_executable() if python is None else str(python)
    return [interpreter, "-m", f"{_ENGINE.name}.{module}", *arguments]


def engine_process() -> dict[str, Any]:
    """Arguments for Popen that every process of the engine is started with.

    It imports modules from where Python and the engine are installed, and from nowhere else: not
    from the folder that somebody happens to be in, and not from one that was received, in which
    a `torch.py` may lie.
    """
    # What `python -m` looks in first where Python is older than 3.11 and knows no safe path.
    return {"cwd": _ENGINE.parent, "env": python_environment(), **own_process_group()}


def python_environment() -> dict[str, str]:
    """This environment, with the engine importable though it may not be installed with pip."""
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    # Relative to where this process is, not the other one; "" would be wherever that works.
    kept = [os.path.abspath(folder) for folder in inherited if folder]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(_ENGINE.parent), *kept]),
        **SAFE_PATH,
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
    }


def own_process_group() -> dict[str, Any]:
    """Arguments for Popen that give a process, and what it starts, a group of their own.

    On Windows it also gets a console that is never shown: with none at all (DETACHED_PROCESS)
    each process that it starts would open a window.
    """
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        return {"creationflags": flags}
    return {"start_new_session": True}
