"""How far a job is, and from its pace so far how long it will still take."""

from __future__ import annotations

import time

from .folder import JobFolder


class Pace:
    """Reports one stage of a job; time counts from when it is made."""

    def __init__(self, job: JobFolder, stage: str):
        self._job, self._stage = job, stage
        self._began = time.monotonic()
        job.report(stage, 0.0)

    def __call__(self, done: float, total: float) -> None:
        """Report that `done` of `total` parts of equal length are done."""
        fraction = done / total
        left = (time.monotonic() - self._began) * (1 - fraction) / fraction if done else None
        self._job.report(self._stage, fraction, left if left is None else round(left, 1))
