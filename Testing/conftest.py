"""Puts both packages on the path and finds the real scans that some tests use."""

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
