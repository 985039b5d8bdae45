"""The training process's side of a run: it says how it goes, and hears when to stop."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import threading
import time
from collections.abc import Mapping
from types import FrameType, TracebackType
from typing import Any

from filelock import BaseFileLock

from ..errors import UserError
from ..failures import explain_failure
from . import lock
from .folder import RunFolder
from .liveness import at_work_without
from .metrics import Value, append_metrics, drop_metrics_from
from .processes import is_self_or_ancestor
from .status import (
    Progress,
    RunState,
    RunStatus,
    last_status,
    now,
    status_of_process,
    write_last_status,
    write_status,
)
from .tidying import tidy

_log = logging.getLogger(__name__)

# A network folder may be away for as long.
_AWAY_SECONDS = 30
_MOVED = (
    "The run's folder was moved or removed while the training was at work, which cannot go on "
    "without it; resume the run where it lies now."
)
_TAKEN = (
    "Another process has begun to work on this run, since nothing was heard of this one for long; "
    "watch that one."
)


class RunReporter:
    """Reports on a run from within the process that trains; use it in a `with` statement.

    A thread writes status.json every `period` seconds, which is also how long a request to stop
    may take to be heard. Leaving the block writes how the run ended: FINISHED, STOPPED (asked to,
    or SystemExit or KeyboardInterrupt), or FAILED with a sentence from `explain_failure`; the
    exception goes on, so that its traceback lands in the log. Where several processes train
    together, one of them reports.

    Entering raises UserError when another process is at work on the run.
    """

    # Of a run that is one training; `StageReporter` is for those that are several.
    stages_after = 0

    def __init__(self, run: RunFolder, period: float = 2.0) -> None:
        self._run = run
        self._period = period
        self._pid = os.getpid()
        self._progress = Progress()
        self._own: RunStatus | None = None
        self._lock: BaseFileLock | None = None
        self._lost = ""
        self._gone = 0
        self._stop_seen = False
        self._stop_told = False
        self._leaving = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._report_until_left, daemon=True)
        self._previous_handler: Any = None

    def __enter__(self) -> RunReporter:
        self._run.require_plain()
        self._lock = lock.hold(self._run)
        try:
            with self._run.locked():
                self._begin()
        except BaseException:
            self._release()
            raise
        if threading.current_thread() is threading.main_thread():
            self._previous_handler = signal.signal(signal.SIGTERM, self._on_sigterm)
        self._thread.start()
        return self

    def _begin(self) -> None:
        before = self._status_when_alone()
        started = not before.elsewhere and is_self_or_ancestor(before.pid)
        if not started:
            self._run.stop_file.unlink(missing_ok=True)
        self._progress = before.reached
        own = status_of_process(self._run, self._pid, RunState.RUNNING, before.reached)
        update: dict[str, Any] = {"session": secrets.token_hex(8)}
        if started and before.pid != self._pid:
            update |= {"launcher": before.pid, "launcher_started": before.process_started}
        self._own = own.model_copy(update=update)
        for path in tidy(self._run):
            _log.info("Removed %s, which a training that was ended had left", path.name)
        self._write(RunState.RUNNING)

    def _status_when_alone(self) -> RunStatus:
        """The last status, when nobody works on the run: which may take a while to be sure of.

        Another computer's process may be there still where the lock does not reach it; its
        heartbeat would change. Raises UserError when somebody works.
        """
        held = None if self._lock is None else False
        first = last = last_status(self._run)
        while (
            last.active
            and (last.elsewhere or not is_self_or_ancestor(last.pid))
            and at_work_without(self._run, last, held)
        ):
            if not last.elsewhere or last.heartbeat != first.heartbeat:
                raise UserError(
                    f"Another process is at work on the run {self._run.name}; watch it, or "
                    "stop it first."
                )
            time.sleep(self._period)
            last = last_status(self._run)
        return last

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leaving = True
        self._wake.set()
        self._thread.join()
        if self._previous_handler is not None:
            signal.signal(signal.SIGTERM, self._previous_handler)
        try:
            if not self._lost:
                self._conclude(exception)
        finally:
            self._release()

    def _conclude(self, exception: BaseException | None) -> None:
        self.update(eta_seconds=None)
        if isinstance(exception, KeyboardInterrupt | SystemExit) or (
            exception is None and self._stop_told
        ):
            self.update(message="Stopped on request; resume the training to go on.")
            state = RunState.STOPPED
        elif exception is not None:
            self.update(message=explain_failure(exception))
            state = RunState.FAILED
        else:
            state = RunState.FINISHED
        write_last_status(self._run, self._status(state))

    @property
    def stop_requested(self) -> bool:
        """Whether to come to an end now; costs nothing, so ask often.

        A training that was told so and then ends is STOPPED; one that ended without having asked
        again is FINISHED. Raises UserError when the run is no longer this process's to work on.
        """
        if self._lost:
            raise UserError(self._lost)
        self._stop_told = self._stop_told or self._stop_seen
        return self._stop_told

    def update(self, **fields: Any) -> None:
        """Set fields of `Progress`; they reach status.json with the next heartbeat.

        A new stage or epoch is written at once. Raises TypeError for a field that is not there,
        pydantic.ValidationError for a value that does not fit.
        """
        unknown = fields.keys() - Progress.model_fields.keys()
        if unknown:
            raise TypeError(f"a run reports no {', '.join(sorted(unknown))}")
        before = self._progress
        self._progress = Progress.model_validate({**before.model_dump(), **fields})
        if (before.stage, before.epoch) != (self._progress.stage, self._progress.epoch):
            self._wake.set()

    def metrics(self, row: Mapping[str, Value]) -> None:
        """Append a row to metrics.csv; see `metrics.append_metrics` for its columns."""
        append_metrics(self._run, row)

    def resume_at(self, epoch: int) -> None:
        """Drop the rows of metrics.csv from `epoch` on: those epochs are trained again."""
        drop_metrics_from(self._run, epoch)

    def _report_until_left(self) -> None:
        while True:
            self._wake.wait(self._period)
            self._wake.clear()
            if self._leaving:
                return
            try:
                self._lost = self._why_lost()
                if self._lost:
                    return
                self._stop_seen = self._stop_seen or self._run.stop_file.exists()
                self._write(RunState.STOPPING if self._stop_seen else RunState.RUNNING)
            except OSError:
                # A network folder may be away for a moment; the next heartbeat tries again.
                _log.warning("status.json could not be written", exc_info=True)

    def _why_lost(self) -> str:
        """Why this process must not go on, or ""."""
        try:
            session = last_status(self._run).session
        except UserError:
            if self._run.config_file.exists():
                return ""  # Its status was damaged from outside, and is written anew.
            self._gone += 1
            return _MOVED if self._gone * self._period > _AWAY_SECONDS else ""
        self._gone = 0
        if session in ("", self._own.session):
            return ""
        return _TAKEN

    def _write(self, state: RunState) -> None:
        write_status(self._run, self._status(state))

    def _status(self, state: RunState) -> RunStatus:
        return self._own.model_copy(
            update={**dict(self._progress), "state": state, "heartbeat": now()}
        )

    def _on_sigterm(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._pid:
            # A forked worker inherits this handler, and must still end when its parent says so.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        # No lock may be taken here: the signal can come while the interrupted code holds it.
        self._stop_seen = True
