"""Reads the folder of trainings again and again, and of each run only what has changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from partialseg_trainer.errors import UserError

if TYPE_CHECKING:
    from partialseg_trainer.runs import RunFolder, RunStatus


class RunReading(NamedTuple):
    """What a run's folder says; `status` is None where it cannot be read, and `problem` says why.

    `bestDice` is the highest mean Dice of an epoch on the validation scans; None where unknown.
    """

    run: RunFolder
    status: RunStatus | None
    problem: str
    bestDice: float | None


class RunReader:
    """Reads the runs under `root`, or this user's.

    Whoever else looks at the same folder sees the same: nothing is kept but what saves reading a
    file twice.
    """

    def __init__(self, root: str | Path | None = None) -> None:
        self._root = root
        self._statuses: dict[Path, tuple[object, RunStatus]] = {}
        self._scores: dict[Path, tuple[object, float | None]] = {}

    def read(self) -> list[RunReading]:
        """The runs as they stand now, the newest first."""
        # Here, because it needs packages that Slicer may lack.
        from partialseg_trainer.runs import list_runs

        return [self._reading(run) for run in list_runs(self._root)]

    def _reading(self, run: RunFolder) -> RunReading:
        try:
            return RunReading(run, self._status(run), "", self._bestDice(run))
        except UserError as error:
            return RunReading(run, None, str(error), None)

    def _status(self, run: RunFolder) -> RunStatus:
        from partialseg_trainer.runs import read_status

        stamp = _stamp(run.status_file)
        before, status = self._statuses.get(run.path, (None, None))
        # The process of an active run may die without changing a file.
        if status is None or status.active or stamp != before:
            status = read_status(run)
            self._statuses[run.path] = (stamp, status)
        return status

    def _bestDice(self, run: RunFolder) -> float | None:
        from partialseg_trainer.runs import read_metrics

        stamp = _stamp(run.metrics_file)
        before, best = self._scores.get(run.path, ("not read", None))
        if stamp != before:
            rows = read_metrics(run)
            scores = [row.get("validation_dice") for row in rows]
            best = max((score for score in scores if score is not None), default=None)
            self._scores[run.path] = (stamp, best)
        return best


def _stamp(file: Path) -> tuple[int, int] | None:
    """What changes when the file does; None where there is none."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size
