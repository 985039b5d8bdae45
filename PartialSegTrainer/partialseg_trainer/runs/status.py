"""How a run stands, as its process last said of itself: status.json."""

from __future__ import annotations

import datetime
import os
import socket
from enum import Enum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from ..errors import UserError
from ..failures import DISK_FULL
from ..files import read_checked, write_text
from . import processes
from .computer import this_computer
from .folder import RunFolder


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


# Far beyond any training, and what every program that shows it can hold.
Count = Annotated[int, Field(ge=0, lt=2**31)]


Pid = Annotated[int, Field(gt=0, lt=2**32)]


class Progress(BaseModel):
    """What a training says of its own progress.

    `epoch` counts the epochs done out of `epochs`, `step` the optimiser's steps; `stage` and
    `message` are for people; `device` is the device's name; None or "" where not known.
    """

    stage: str = ""
    epoch: Count | None = None
    epochs: Count | None = None
    step: Count | None = None
    metrics: dict[str, float | None] = {}
    eta_seconds: float | None = Field(None, ge=0, lt=1e15)
    message: str = ""
    device: str = ""


class RunStatus(Progress):
    """The content of status.json: the progress, and which process reports it.

    `host` is the name of its computer, for people; `computer` tells that apart from all others
    (`computer.this_computer`), `identity` the folder from its copies (`RunFolder.identity`), and
    `session` this process's work on the run from what others did before and after. `launcher` is
    the process that was started for the run and started this one, if another.
    """

    state: RunState
    heartbeat: AwareDatetime | None = None
    host: str = ""
    computer: str = ""
    identity: str = ""
    session: str = ""
    pid: Pid | None = None
    process_started: float | None = Field(None, allow_inf_nan=False)
    launcher: Pid | None = None
    launcher_started: float | None = Field(None, allow_inf_nan=False)

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
        """Whether the process is on another computer, or where it cannot be seen from here."""
        return self.computer != this_computer()


def status_of_process(
    run: RunFolder, pid: int, state: RunState, progress: Progress | None = None
) -> RunStatus:
    """The status that process `pid` of this computer reports of its work on the run now."""
    return RunStatus(
        **(progress or Progress()).model_dump(),
        state=state,
        heartbeat=now(),
        host=socket.gethostname(),
        computer=this_computer(),
        identity=run.identity,
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


def last_status(run: RunFolder) -> RunStatus:
    """What status.json says, whether or not its process still runs; QUEUED where there is none.

    Raises UserError when the folder is no run, or its status.json is damaged.
    """
    try:
        run.require()
        if not os.path.lexists(run.status_file):
            return RunStatus(state=RunState.QUEUED)
        return read_checked(run.status_file, RunStatus)
    except OSError as error:
        raise UserError(
            f"The run {run.name} cannot be read: {error.filename or run.path} "
            f"({error.strerror}); check its permissions and the disk."
        ) from error
    except UserError as error:
        if run.status_file.name not in str(error):
            raise
        raise UserError(
            f"The status of the run {run.name} cannot be read: {error} "
            f"If that is not possible, delete {run.status_file.name} and resume the run."
        ) from error


def now() -> datetime.datetime:
    """The time of a heartbeat."""
    return datetime.datetime.now(datetime.timezone.utc)
