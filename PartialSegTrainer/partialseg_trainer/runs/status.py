"""How a run stands: what its process last said of itself, checked against whether it still runs."""

from __future__ import annotations

import datetime
import socket
from enum import Enum

from pydantic import AwareDatetime, BaseModel, Field

from ..errors import UserError
from ..failures import DISK_FULL
from ..files import read_checked, write_text
from . import processes
from .folder import RunFolder

# A run in a shared folder on another computer can only be judged by its heartbeat. This leaves
# room for clocks that differ and for network folders that show a file late.
SILENCE_SECONDS = 120.0


class RunState(str, Enum):
    """Where a run stands.

    QUEUED: prepared, or started and not yet at work. STOPPING: asked to stop, still at work.
    STOPPED: ended on request. INTERRUPTED: ended without a word (killed, power cut, restart).
    """

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Progress(BaseModel):
    """What a training says of its own progress.

    `epoch` counts the epochs done out of `epochs`, `step` the optimiser's steps; `stage` and
    `message` are for people; `device` is the device's name; None or "" where not known.
    """

    stage: str = ""
    epoch: int | None = Field(None, ge=0)
    epochs: int | None = Field(None, ge=0)
    step: int | None = Field(None, ge=0)
    metrics: dict[str, float | None] = {}
    eta_seconds: float | None = None
    message: str = ""
    device: str = ""


class RunStatus(Progress):
    """The content of status.json: the progress, and which process on which host reports it."""

    state: RunState
    heartbeat: AwareDatetime | None = None
    host: str = ""
    pid: int | None = None
    process_started: float | None = None

    @property
    def active(self) -> bool:
        """Whether a process is at work on the run."""
        return self.pid is not None and self.state in (
            RunState.QUEUED,
            RunState.RUNNING,
            RunState.STOPPING,
        )

    @property
    def over(self) -> bool:
        """Whether the run has come to an end, good or bad."""
        return self.state in (
            RunState.STOPPED,
            RunState.FINISHED,
            RunState.FAILED,
            RunState.INTERRUPTED,
        )

    @property
    def reached(self) -> Progress:
        """The progress that a resumed run begins with."""
        return Progress(**self.model_dump(include={"epoch", "epochs", "step", "metrics"}))

    @property
    def elsewhere(self) -> bool:
        """Whether the process is on another computer."""
        return self.host != socket.gethostname()


def status_of_process(pid: int, state: RunState, progress: Progress | None = None) -> RunStatus:
    """The status that process `pid` of this computer reports now."""
    return RunStatus(
        **(progress or Progress()).model_dump(),
        state=state,
        heartbeat=_now(),
        host=socket.gethostname(),
        pid=pid,
        process_started=processes.start_time(pid),
    )


def write_status(run: RunFolder, status: RunStatus) -> None:
    """Write status.json, whole or not at all."""
    write_text(run.status_file, status.model_dump_json(indent=2) + "\n")


def write_last_status(run: RunFolder, status: RunStatus) -> None:
    """Write how the run ended; on a full disk over what is there, which takes no new space."""
    try:
        write_status(run, status)
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        with open(run.status_file, "r+", encoding="utf-8") as file:
            file.write(status.model_dump_json())
            file.truncate()


def read_status(run: RunFolder) -> RunStatus:
    """How the run stands now.

    A run whose process is gone without having said how it ended is INTERRUPTED, or FAILED when
    it had not begun. Raises UserError when the folder is no run, or its status.json is damaged.
    """
    status = _read(run)
    if status.active and not _is_alive(status):
        # The last word may have been written between the reading and the look at the process.
        status = _read(run)
        if status.active and not _is_alive(status):
            return _ended_without_a_word(run, status)
    if status.active and run.stop_file.exists():
        return status.model_copy(update={"state": RunState.STOPPING})
    return status


def _read(run: RunFolder) -> RunStatus:
    run.require()
    if not run.status_file.exists():
        return RunStatus(state=RunState.QUEUED)
    try:
        return read_checked(run.status_file, RunStatus)
    except UserError as error:
        raise UserError(
            f"The status of the run {run.name} cannot be read: {error} "
            f"If that is not possible, delete {run.status_file.name} and resume the run."
        ) from error


def _is_alive(status: RunStatus) -> bool:
    if status.elsewhere:
        silent = None if status.heartbeat is None else _now() - status.heartbeat
        return silent is not None and silent.total_seconds() < SILENCE_SECONDS
    return status.pid is not None and processes.is_alive(status.pid, status.process_started)


def _ended_without_a_word(run: RunFolder, status: RunStatus) -> RunStatus:
    if status.state is RunState.QUEUED:
        state = RunState.FAILED
        message = f"The training ended before it began; see the end of {run.log_file.name}."
    else:
        state = RunState.INTERRUPTED
        begun = run.checkpoints.is_dir() and any(run.checkpoints.iterdir())
        origin = "its last checkpoint" if begun else "the beginning"
        message = (
            "The training was ended from outside (it was killed, the memory ran out, or the "
            f"computer was switched off); resume it to go on from {origin}."
        )
    return status.model_copy(update={"state": state, "message": message, "eta_seconds": None})


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
