"""Puts both packages on the path and finds the real scans that some tests use."""

import errno
import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

ROOT = Path(__file__).resolve().parents[1]
for package in (ROOT / "PartialSegTrainer", ROOT / "PartialSeg"):
    sys.path.insert(0, str(package))


def shared_data() -> Path:
    """The folder of real scans: PARTIALSEG_DATA, or shared/data beside the repository."""
    return Path(os.environ.get("PARTIALSEG_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def atlas() -> Path:
    """The spina bifida atlas (CC0); tests that need it are skipped where it is absent."""
    folder = shared_data() / "spina-bifida-atlas"
    if not folder.is_dir():
        pytest.skip(f"no atlas at {folder}; set PARTIALSEG_DATA to the folder of real scans")
    return folder


@pytest.fixture(scope="session")
def fetal_stacks() -> Path:
    """Two raw, anisotropic stacks (CC0); tests that need them are skipped where they are absent."""
    folder = shared_data() / "fetal-stacks"
    if not folder.is_dir():
        pytest.skip(f"no stacks at {folder}; set PARTIALSEG_DATA to the folder of real scans")
    return folder


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> Path:
    """The folder of a small untrained model of the brainstem scheme, the same in every process."""
    import torch

    from partialseg_trainer.labels import LabelScheme
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
        scores={"validation": {"pons": 0.5, "medulla": None}},
    )
    folder = tmp_path_factory.mktemp("models") / "small"
    with torch.random.fork_rng():
        torch.manual_seed(4)  # Of those that find something in most scans.
        built = build_network(in_channels=1, out_channels=len(scheme), **network.model_dump())
    save_model(folder, built, info, card="A model for tests.")
    return folder


@pytest.fixture
def closed(monkeypatch):
    """Call it with a folder, which nobody may read from then on, not even root."""
    real = os.listdir

    def close(folder: Path) -> None:
        def listdir(path="."):
            if Path(path) == folder:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return real(path)

        monkeypatch.setattr(os, "listdir", listdir)

    return close
