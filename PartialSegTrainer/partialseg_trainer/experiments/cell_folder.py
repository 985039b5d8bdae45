"""The folder of one cell: its runs, its predictions, their scores, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..files import read_json, write_json, write_text
from ..models import INFO_FILE
from ..runs import RunFolder
from .metrics import METRICS

if TYPE_CHECKING:
    from .scoring import ScanScores

# Where a training runs and lies says nothing of what comes out.
_NOT_COMPARED = ("dataset", "device", "devices", "initial_model", "name")


class CellState(str, Enum):
    """Where a cell stands. BEGUN: a training of it has a run folder, from which it goes on."""

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
        """The training, or the first of several."""
        return self.member(1)

    def member(self, number: int) -> RunFolder:
        """The training of the model of that number, from 1, of those that answer together."""
        return RunFolder(self.path / ("run" if number == 1 else f"run-{number}"))

    @property
    def begun(self) -> list[RunFolder]:
        """The trainings that were begun here."""
        return [RunFolder(file.parent) for file in sorted(self.path.glob("run*/config.json"))]

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
        return CellState.BEGUN if self.begun else CellState.WAITING

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

    def record_certainty(self, scores: Mapping[str, ScanScores]) -> None:
        """Keep what is known of the probabilities of each test scan."""
        for name in ("certainty", "reliability"):
            rows = [
                {"scan": scan, **row}
                for scan, of_scan in scores.items()
                for row in getattr(of_scan, name)()
            ]
            write_text(self.path / f"{name}.csv", pd.DataFrame(rows).to_csv(index=False))

    def scores(self) -> pd.DataFrame:
        """The score of each test scan and label: `METRICS`, `note` and what else there is of them.

        NaN for scores that were not made yet when the cell was.
        """
        scores = pd.read_csv(self.path / "scores.csv", dtype={"scan": str, "note": str})
        certainty = self.path / "certainty.csv"
        if certainty.is_file():
            scores = scores.merge(pd.read_csv(certainty, dtype={"scan": str}), how="left")
        return scores.reindex(columns=[*dict.fromkeys([*scores, *METRICS])])

    def reliability(self) -> pd.DataFrame | None:
        """Bins of probability of each test scan and label, or None where they were not made."""
        file = self.path / "reliability.csv"
        return pd.read_csv(file, dtype={"scan": str}) if file.is_file() else None

    def record_use(self, use: dict[str, Any]) -> None:
        """Keep what of the method no training knows (`Method.use`)."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self._use_file, use)

    def differences(self, use: dict[str, Any]) -> set[str]:
        """In what the cell, as far as it was made, was made with another `Method.use`."""
        if not self.begun and self.state is not CellState.DONE:
            return set()
        # A cell that was made before there was such a record has nothing of this.
        here = read_json(self._use_file) if self._use_file.is_file() else {}
        return {name for name in use if (use[name] or None) != (here.get(name) or None)}

    @property
    def _failure_file(self) -> Path:
        return self.path / "failed.json"

    @property
    def _use_file(self) -> Path:
        return self.path / "method.json"


def differences(run: RunFolder, settings: dict[str, Any]) -> set[str]:
    """The settings in which a training, where it was begun, was made with others."""
    if not run.config_file.is_file():
        return set()
    here = read_json(run.config_file)
    shared = settings.keys() & here.keys() - set(_NOT_COMPARED)
    return {name for name in shared if settings[name] != here[name]}


def has_model(run: RunFolder) -> bool:
    """Whether a training has left a model."""
    return (run.model / INFO_FILE).is_file()
