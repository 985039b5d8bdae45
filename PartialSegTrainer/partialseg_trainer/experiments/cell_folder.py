"""The folder of one cell: its run, its predictions, their scores, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pandas as pd

from ..files import read_json, write_json
from ..models import INFO_FILE
from ..runs import RunFolder

# Where a training runs and lies says nothing of what comes out.
_NOT_COMPARED = ("dataset", "device", "initial_model", "name")


class CellState(str, Enum):
    """Where a cell stands. BEGUN: its training has a run folder, from which it goes on."""

    WAITING = "waiting"
    BEGUN = "begun"
    FAILED = "failed"
    DONE = "done"


@dataclass(frozen=True)
class CellFolder:
    """The folder of one cell."""

    path: Path

    @property
    def run(self) -> RunFolder:
        """The training."""
        return RunFolder(self.path / "run")

    @property
    def log_file(self) -> Path:
        """What the engine said of the cell, tracebacks included."""
        return self.path / "cell.log"

    @property
    def predictions(self) -> Path:
        """The labelmap of each test scan, as `<scan>_dseg.nii.gz`."""
        return self.path / "predictions"

    def prediction(self, scan: str) -> Path:
        """The labelmap of one test scan."""
        return self.predictions / f"{scan}_dseg.nii.gz"

    @property
    def state(self) -> CellState:
        """How the cell stands."""
        # The last thing that a cell writes.
        if (self.path / "scores.json").is_file():
            return CellState.DONE
        if self._failure_file.is_file():
            return CellState.FAILED
        return CellState.BEGUN if self.run.config_file.is_file() else CellState.WAITING

    @property
    def failure(self) -> str:
        """Why the cell failed the last time; "" where it did not."""
        return read_json(self._failure_file)["message"] if self._failure_file.is_file() else ""

    def record_failure(self, message: str | None) -> None:
        """Keep the sentence on why the cell failed; None forgets it."""
        if message is None:
            self._failure_file.unlink(missing_ok=True)
            return
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self._failure_file, {"message": message})

    def scores(self) -> pd.DataFrame:
        """The score of each test scan and label, as `evaluation.score_table` has them."""
        return pd.read_csv(self.path / "scores.csv", dtype={"scan": str, "note": str})

    def differences(self, settings: dict[str, Any]) -> list[str]:
        """The settings of a training in which the one that is here was made with others."""
        if not self.run.config_file.is_file():
            return []
        here = read_json(self.run.config_file)
        return sorted(
            name
            for name in settings.keys() & here.keys()
            if name not in _NOT_COMPARED and settings[name] != here[name]
        )

    @property
    def has_model(self) -> bool:
        """Whether the training has left a model."""
        return (self.run.model / INFO_FILE).is_file()

    @property
    def _failure_file(self) -> Path:
        return self.path / "failed.json"
