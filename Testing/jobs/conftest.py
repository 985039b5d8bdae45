"""Jobs as the panel asks for them: a folder, its arrays as Slicer has them, a small model."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from partialseg_trainer.interpreter import python_environment
from partialseg_trainer.jobs import JobFolder


@pytest.fixture
def job(tmp_path) -> Callable[..., JobFolder]:
    """Make a job's folder of a request and arrays."""
    made = []

    def make(request: dict[str, Any], **arrays: np.ndarray) -> JobFolder:
        folder = JobFolder(tmp_path / f"job-{len(made)}")
        folder.path.mkdir()
        made.append(folder)
        folder.write_request(request)
        for name, array in arrays.items():
            folder.write_array(name.replace("__", "/"), array)
        return folder

    return make


def _run(kind: str, folder: JobFolder) -> int:
    with open(folder.log_file, "ab") as log:
        return subprocess.run(
            [sys.executable, "-m", "partialseg_trainer.jobs", kind, str(folder.path)],
            env=python_environment(),
            stdout=log,
            stderr=log,
        ).returncode


@pytest.fixture
def processed() -> Callable[[str, JobFolder], dict[str, Any]]:
    """Do a job in a process of its own, and return its result."""

    def do(kind: str, folder: JobFolder) -> dict[str, Any]:
        assert _run(kind, folder) == 0, folder.log_file.read_text()
        return folder.result()

    return do


@pytest.fixture
def failed() -> Callable[[str, JobFolder], dict[str, Any]]:
    """Do a job that fails in a process of its own, and return its error."""

    def do(kind: str, folder: JobFolder) -> dict[str, Any]:
        assert _run(kind, folder) == 1, folder.log_file.read_text()
        assert folder.result() is None
        return folder.error()

    return do
