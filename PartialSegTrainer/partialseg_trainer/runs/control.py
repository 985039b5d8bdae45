"""Stop a run, end it, or wait for it, from any process on the same computer."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..errors import UserError
from . import lock, processes
from .folder import RunFolder
from .reading import read_status
from .status import RunState, RunStatus, write_last_status


def request_stop(run: RunFolder) -> None:
    """Ask the training for a clean stop; it saves its state first, so this takes a moment.

    Works from another computer too. Raises UserError when the run is not at work.
    """
    _require_active(run)
    run.stop_file.touch()


def kill(run: RunFolder) -> None:
    """End the training and every process that it started, at once; it can be resumed.

    Raises UserError when the run is not at work, runs on another computer, or does not end, and
    when the process that the run names is not for certain the one that works on it.
    """
    status = _require_active(run)
    if status.elsewhere:
        raise UserError(
            f"The run {run.name} is at work on the computer {status.host}; end it there, "
            "or ask it to stop."
        )
    if not _is_of(run, status):
        raise UserError(
            f"The run {run.name} is at work, but not in the process {status.pid} that its status "
            "names; ask it to stop, or end its process yourself."
        )
    launched = processes.is_alive(status.launcher, status.launcher_started)
    if not processes.kill_tree(status.launcher if launched else status.pid):
        raise UserError(
            f"The run {run.name} (process {status.pid}) could not be ended; end that process as "
            "the user who started it."
        )
    with run.locked():
        ended = read_status(run)
        # Somebody may have resumed it already.
        if not ended.active:
            message = "Ended at once, as asked; resume the training to go on."
            update = {"state": RunState.INTERRUPTED, "message": message}
            write_last_status(run, ended.model_copy(update=update))


def wait(
    run: RunFolder,
    timeout: float | None = None,
    on_update: Callable[[RunStatus], object] | None = None,
    poll: float = 0.5,
) -> RunStatus:
    """Wait until the run is over, or for `timeout` seconds; return its status then.

    `on_update` gets every new status, for a progress bar. The folder is read each `poll` seconds.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    last = None
    while True:
        status = read_status(run)
        if on_update is not None and status != last:
            on_update(status)
        last = status
        left = poll if deadline is None else min(poll, deadline - time.monotonic())
        if status.over or left <= 0:
            return status
        time.sleep(left)


def _is_of(run: RunFolder, status: RunStatus) -> bool:
    """Whether the process that a status names works on this run, and on no other."""
    return (
        status.identity == run.identity
        and processes.is_alive(status.pid, status.process_started)
        and (status.state is RunState.QUEUED or lock.is_held(run) is not False)
    )


def _require_active(run: RunFolder) -> RunStatus:
    status = read_status(run)
    if not status.active:
        raise UserError(
            f"The run {run.name} is not at work (it is {status.state.value}), so there is nothing "
            "to stop."
        )
    return status
