"""Start a training in a process of its own, which goes on when whoever started it has gone."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Sequence

from ..errors import UserError
from ..interpreter import engine_command, engine_process
from . import lock
from .folder import RunFolder
from .reading import read_status
from .status import RunState, RunStatus, status_of_process, write_status


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
    run.require_plain()
    command = list(argv or training_command(run, python))
    # Held until the status is written, so that two starts cannot both find the run at rest and
    # the new process, which takes the lock as well, writes its status after this one.
    with run.locked():
        before = read_status(run)
        _refuse_if_unfit(run, before, resume)
        run.stop_file.unlink(missing_ok=True)
        process = _spawn(run, command)
        status = status_of_process(run, process.pid, RunState.QUEUED, before.reached)
        write_status(run, status)
    # An ended child stays a zombie until its parent asks for its exit code.
    threading.Thread(target=process.wait, daemon=True).start()
    return status


def training_command(run: RunFolder, python: str | os.PathLike | None = None) -> list[str]:
    """The command that trains the run."""
    return engine_command("training", str(run.path), python=python)


def _refuse_if_unfit(run: RunFolder, status: RunStatus, resume: bool) -> None:
    if status.active or not lock.is_free(run):
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
    try:
        with open(run.log_file, "ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **engine_process(),
            )
    except OSError as error:
        raise UserError(
            f"The training of {run.name} could not be started ({error.strerror}); check that "
            f"{command[0]} exists and that {run.path} can be written."
        ) from error
