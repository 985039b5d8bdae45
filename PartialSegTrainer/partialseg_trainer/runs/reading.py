"""How a run stands now: what it last said of itself, if somebody still works on it."""

from __future__ import annotations

from .folder import RunFolder
from .liveness import at_work
from .status import RunState, RunStatus, last_status


def read_status(run: RunFolder) -> RunStatus:
    """How the run stands now.

    A run whose process is gone without having said how it ended is INTERRUPTED, or FAILED when
    it had not begun. Raises UserError when the folder is no run, or its status.json is damaged.
    """
    status = last_status(run)
    if status.active and not at_work(run, status):
        # The last word may have been written between the reading and the look at the process.
        status = last_status(run)
        if status.active and not at_work(run, status):
            return _ended_without_a_word(run, status)
    if status.active and run.stop_file.exists():
        return status.model_copy(update={"state": RunState.STOPPING})
    return status


def _ended_without_a_word(run: RunFolder, status: RunStatus) -> RunStatus:
    if status.state is RunState.QUEUED:
        state = RunState.FAILED
        message = f"The training ended before it began; see the end of {run.log_file.name}."
    else:
        state = RunState.INTERRUPTED
        origin = "its last checkpoint" if _has_checkpoint(run) else "the beginning"
        message = (
            "The training was ended from outside (it was killed, the memory ran out, or the "
            f"computer was switched off); resume it to go on from {origin}."
        )
    return status.model_copy(update={"state": state, "message": message, "eta_seconds": None})


def _has_checkpoint(run: RunFolder) -> bool:
    """Whether the run, or a stage of it, has one to go on from."""
    of_stages = (RunFolder(stage).checkpoints for stage in run.stages.glob("*"))
    return any(any(folder.glob("*")) for folder in (run.checkpoints, *of_stages))
