"""The files of a job: what is asked, how far it is, what came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from ..files import read_json, write_json


class JobError(UserError):
    """Bad input, with `details` for the program that asked; they go into error.json."""

    def __init__(self, message: str, **details: Any):
        super().__init__(message)
        self.details = details


@dataclass(frozen=True)
class JobFolder:
    """The folder of one job, as both sides see it."""

    path: Path

    @property
    def log_file(self) -> Path:
        """All that the process prints, tracebacks included."""
        return self.path / "job.log"

    def write_request(self, request: Mapping[str, Any]) -> None:
        write_json(self.path / "request.json", dict(request))

    def request(self) -> dict[str, Any]:
        """What is asked. Raises UserError when it is missing or not JSON."""
        return read_json(self.path / "request.json")

    def write_array(self, name: str, array: np.ndarray) -> None:
        """Keep an array as `<name>.npy`; `name` may hold folders, as in "masks/tcv"."""
        file = self.path / f"{name}.npy"
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, array, allow_pickle=False)

    def array(self, name: str) -> np.ndarray:
        """An array, mapped into memory and read-only. Raises UserError when there is none."""
        file = self.path / f"{name}.npy"
        if not file.is_file():
            raise UserError(f"The job lacks the array {file.name}; start it again.")
        return np.load(file, mmap_mode="r", allow_pickle=False)

    def arrays(self, folder: str) -> dict[str, np.ndarray]:
        """The arrays below `folder`, by name."""
        files = sorted((self.path / folder).glob("*.npy"))
        return {file.stem: self.array(f"{folder}/{file.stem}") for file in files}

    def report(
        self, stage: str, fraction: float | None = None, eta_seconds: float | None = None
    ) -> None:
        """Say how far the work is: a stage in words, and where known a fraction and time left."""
        write_json(
            self.path / "progress.json",
            {"stage": stage, "fraction": fraction, "eta_seconds": eta_seconds},
        )

    def progress(self) -> dict[str, Any]:
        """The last report; an empty stage before the first one."""
        file = self.path / "progress.json"
        if file.is_file():
            return read_json(file)
        return {"stage": "", "fraction": None, "eta_seconds": None}

    def finish(self, result: Mapping[str, Any]) -> None:
        write_json(self.path / "result.json", dict(result))

    def fail(self, message: str, **details: Any) -> None:
        write_json(self.path / "error.json", {"message": message, **details})

    def result(self) -> dict[str, Any] | None:
        """What came out; None while the work goes on, or when it failed."""
        file = self.path / "result.json"
        return read_json(file) if file.is_file() else None

    def error(self) -> dict[str, Any] | None:
        """Why it failed, under "message"; None if it did not."""
        file = self.path / "error.json"
        return read_json(file) if file.is_file() else None
