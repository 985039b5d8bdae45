"""Jobs as the panel asks for them: a folder, its arrays as Slicer has them, a small model."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from partialseg_trainer.interpreter import python_environment
from partialseg_trainer.jobs import JobFolder
from partialseg_trainer.labels import LabelScheme


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


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> Path:
    """The folder of a small untrained model of the brainstem scheme."""
    from partialseg_trainer.models import ModelInfo, NetworkSettings
    from partialseg_trainer.networks import build_network
    from partialseg_trainer.networks.model import save_model
    from partialseg_trainer.volumes.preprocessing import Preprocessing

    scheme = LabelScheme.load("brainstem")
    network = NetworkSettings(width=2, depth=3)
    info = ModelInfo(
        name="small",
        date="2026-01-02",
        loss="iuc",
        head="labels",
        network=network,
        preprocessing=Preprocessing(spacing=2.0),
        scheme=scheme.to_dict(),
        training_data="nothing",
    )
    folder = tmp_path_factory.mktemp("models") / "small"
    built = build_network(in_channels=1, out_channels=len(scheme), **network.model_dump())
    save_model(folder, built, info, card="A model for tests.")
    return folder
