"""Reads the folder of trainings again and again, and of each run only what has changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from partialseg_trainer.runs import RunFolder, RunReading


class RunReader:
    """Reads the runs under `root`, or this user's.

    Whoever else looks at the same folder sees the same: nothing is kept but what saves reading a
    file twice.
    """

    def __init__(self, root: str | Path | None = None) -> None:
        self._root = root
        self._readings: dict[Path, tuple[object, RunReading]] = {}

    def read(self) -> list[RunReading]:
        """The runs as they stand now, newest first; a damaged one says what is wrong with it."""
        # Here, because it needs packages that Slicer may lack.
        from partialseg_trainer.runs import list_runs

        return [self._reading(run) for run in list_runs(self._root)]

    def _reading(self, run: RunFolder) -> RunReading:
        from partialseg_trainer.runs import read_run

        stamp = (_stamp(run.path), _stamp(run.status_file), _stamp(run.metrics_file))
        before, reading = self._readings.get(run.path, (None, None))
        # The process of an active run may die without changing a file.
        if reading is None or stamp != before or reading.status is None or reading.status.active:
            reading = read_run(run)
            self._readings[run.path] = (stamp, reading)
        return reading


def _stamp(file: Path) -> tuple[int, int] | None:
    """What changes when the file does; None where there is none that can be read."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
