"""Looks in the background for what can compute here; once, for whichever section asks first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .pollTimer import PollTimer
from .section import showError

_SEARCH_MS = 200


class DeviceSearch:
    """What the engine finds, and whether it is still looking.

    `onChanged` is called when the search begins and when it is over. `problem` says in a sentence
    why nothing was found; nobody asked for the search, so that it opens no window.
    """

    _known: dict[str, Any] | None = None

    def __init__(self, logic, onChanged: Callable[[], object]) -> None:
        self._logic = logic
        self._onChanged = onChanged
        self._timer = PollTimer(_SEARCH_MS, onChanged, showError)
        self.problem = ""

    @property
    def found(self) -> dict[str, Any] | None:
        """The result of the engine's job "devices", None before there is one."""
        return DeviceSearch._known

    @property
    def busy(self) -> bool:
        """Whether the engine is looking."""
        return self._timer.busy

    def begin(self) -> None:
        """Look, unless it is known already or the packages for that are not there."""
        if self.found is None and not self.busy and not self._logic.missingPackages("learning"):
            self.problem = ""
            self._timer.start(self._logic.devicesJob(onFinished=self._keep, onFailed=self._fail))

    def cancel(self) -> None:
        """Give up the search."""
        self._timer.cancel()

    def _keep(self, found: dict[str, Any]) -> None:
        DeviceSearch._known = found

    def _fail(self, error) -> None:
        self.problem = str(error)
        # Told when the search is over, after the last look at it.
        self._onChanged()
