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


def python_environment() -> dict[str, str]:
    """This environment, with the engine importable though it may not be installed with pip."""
    engine = str(Path(__file__).resolve().parents[1])
    inherited = os.environ.get("PYTHONPATH")
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([engine, inherited] if inherited else [engine]),
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
