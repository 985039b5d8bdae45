"""Work that is polled by a timer until it is over, so that the event loop stays free."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

import qt


class Work(Protocol):
    """What can be polled: a Job, or StepwiseWork."""

    tellFailure: Callable[[Callable[[], object]], object]

    def poll(self) -> bool: ...

    def cancel(self) -> None: ...


class PollTimer:
    """Polls one piece of work at a time.

    `onChanged` is called when work begins and when it is over, `onError` with what `poll` raises.
    What went wrong is told when the work is over, or a bar would go on moving behind the message.
    """

    def __init__(
        self,
        interval: int,
        onChanged: Callable[[], object],
        onError: Callable[[Exception], object],
    ) -> None:
        self._onChanged = onChanged
        self._onError = onError
        self._work: Work | None = None
        self._failures: list[Callable[[], object]] = []
        self._timer = qt.QTimer()
        self._timer.setInterval(interval)
        self._timer.connect("timeout()", self._poll)

    @property
    def busy(self) -> bool:
        """Whether there is work that is not over."""
        return self._work is not None

    def start(self, work: Work) -> None:
        """Poll this work from now on; what is still at work is cancelled."""
        self.cancel()
        self._work = work
        # Work without a result of its own raises, which comes out of `poll`.
        work.tellFailure = self._failures.append
        self._timer.start()
        self._onChanged()

    def cancel(self) -> None:
        """End the work, if there is any."""
        if self._work is not None:
            work, self._work = self._work, None
            self._timer.stop()
            work.cancel()
            self._onChanged()

    def _poll(self) -> None:
        work = self._work
        if work is None:
            return
        try:
            over = work.poll()
        except Exception as error:
            over = True
            self._failures.append(partial(self._onError, error))
        # What was called at the end may have begun other work.
        if over and self._work is work:
            self._work = None
            self._timer.stop()
            self._onChanged()
        failures = list(self._failures)
        self._failures.clear()
        for tell in failures:
            tell()
