"""What can compute on this computer; PyTorch is asked, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .jobs import Job, JobFailed


def devicesJob(
    onFinished: Callable[[dict[str, Any]], object] | None = None,
    onFailed: Callable[[JobFailed], object] | None = None,
) -> Job:
    """A job that lists what can compute.

    Its result holds `devices`, the best first, each with `name`, `title` and `memory_gb`; the name
    of the `default` one; and the CPU's `threads`.
    """

    def finished(result: dict[str, Any], _: object) -> None:
        if onFinished is not None:
            onFinished(result)

    return Job("devices", {}, onFinished=finished, onFailed=onFailed)
