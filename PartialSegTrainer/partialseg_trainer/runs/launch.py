"""Start a training in a process of its own, which goes on when whoever started it has gone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from ..errors import UserError
from .folder import RunFolder
from .status import RunState, RunStatus, read_status, status_of_process, write_status


def start(
    run: RunFolder,
    *,
    resume: bool = False,
    python: str | os.PathLike | None = None,
    argv: Sequence[str] | None = None,
) -> RunStatus:
    """Start the run's training, detached, and return its first status (QUEUED).

    `resume` lets a run go on that has been started before. `python` is the interpreter (default:
    `python_executable()`); `argv` replaces the whole command. What the process prints is appended
    to train.log. Raises UserError when the run is at work already, was started before and
    `resume` is not set, is finished, or its process cannot be started.
    """
    run.require()
    command = list(argv or training_command(run, python))
    # Held until the status is written, so that two starts cannot both find the run at rest and
    # the new process, which takes the lock as well, writes its status after this one.
    with run.locked():
        before = read_status(run)
        _refuse_if_unfit(run, before, resume)
        run.stop_file.unlink(missing_ok=True)
        process = _spawn(run, command)
        status = status_of_process(process.pid, RunState.QUEUED, before.reached)
        write_status(run, status)
    # An ended child stays a zombie until its parent asks for its exit code.
    threading.Thread(target=process.wait, daemon=True).start()
    return status


def training_command(run: RunFolder, python: str | os.PathLike | None = None) -> list[str]:
    """The command that trains the run."""
    interpreter = python_executable() if python is None else str(python)
    return [interpreter, "-m", "partialseg_trainer.training", str(run.path)]


def python_executable() -> str:
    """The interpreter for the training: this one, or PythonSlicer within Slicer.

    Raises UserError when there is none.
    """
    if Path(sys.executable).stem.lower().startswith("python"):
        return sys.executable
    found = shutil.which("PythonSlicer")
    if found is None:
        raise UserError(
            "No Python was found to train with (PythonSlicer is not beside Slicer); "
            "install Slicer anew or name a Python."
        )
    return found


def _refuse_if_unfit(run: RunFolder, status: RunStatus, resume: bool) -> None:
    if status.active:
        raise UserError(f"The run {run.name} is at work already; watch it or stop it.")
    if status.state is RunState.FINISHED:
        raise UserError(f"The run {run.name} is finished; make a new run to train further.")
    if status.over and not resume:
        raise UserError(
            f"The run {run.name} was started before ({status.state.value}); "
            "resume it, or make a new run."
        )


def _spawn(run: RunFolder, command: Sequence[str]) -> subprocess.Popen:
    """Start `command` with nothing that ties it to this process."""
    if sys.platform == "win32":
        # A console of its own, never shown: with none at all (DETACHED_PROCESS) each process
        # that the training starts would open a window.
        detached = {
            "creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        }
    else:
        detached = {"start_new_session": True}
    try:
        with open(run.log_file, "ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=run.path,
                env=_environment(),
                **detached,
            )
    except OSError as error:
        raise UserError(
            f"The training of {run.name} could not be started ({error.strerror}); check that "
            f"{command[0]} exists and that {run.path} can be written."
        ) from error


def _environment() -> dict[str, str]:
    """This environment, with the engine importable though it may not be installed with pip."""
    engine = str(Path(__file__).resolve().parents[2])
    inherited = os.environ.get("PYTHONPATH")
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([engine, inherited] if inherited else [engine]),
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
    }
