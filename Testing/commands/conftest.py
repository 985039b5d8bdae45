"""The command itself, called in this process, with small scans and a small model to work on."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from partialseg_trainer.cli import main
from partialseg_trainer.volumes import Volume, write_volume

# Brainstem scheme: midbrain 1, pons 2, medulla 3, which fill the brainstem 4.
AFFINE = np.diag([2.0, 2.0, 2.0, 1.0])


class Result(NamedTuple):
    """How a call of the command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line that says what was wrong."""
        lines = [line for line in self.err.splitlines() if line.startswith("Error: ")]
        assert len(lines) == 1, self.err
        return lines[0]


@pytest.fixture
def partialseg(capsys, monkeypatch, tmp_path) -> Callable[..., Result]:
    """Call the command with words, in an empty folder and with an empty home."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PARTIALSEG_DEBUG", raising=False)

    def call(*words: object) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        return Result(int(ended.value.code or 0), *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def pairs(tmp_path_factory) -> Path:
    """`images` and `labels` of four small scans, all labels drawn."""
    folder = tmp_path_factory.mktemp("pairs")
    for kind in ("images", "labels"):
        (folder / kind).mkdir()
    for number in range(4):
        rng = np.random.default_rng(number)
        height = np.indices((24, 24, 20))[2] + number
        away = np.linalg.norm(np.indices((24, 24, 20)).T - (12, 12, 10), axis=-1).T
        labelmap = np.where(away < 9, 1 + np.clip(height // 9, 0, 2), 0).astype(np.uint8)
        image = 100 * labelmap + rng.normal(0, 5, labelmap.shape) + 20 * (away < 10)
        write_volume(folder / "images" / f"{number}.nii.gz", Volume(np.float32(image), AFFINE))
        write_volume(folder / "labels" / f"{number}.nii.gz", Volume(labelmap, AFFINE))
    return folder


@pytest.fixture(scope="session")
def scan(pairs) -> Path:
    """The image of one small scan."""
    return pairs / "images" / "0.nii.gz"


@pytest.fixture
def dataset(pairs, partialseg, tmp_path) -> Path:
    """A dataset of the pairs, two of them with the brainstem as one piece."""
    folder = tmp_path / "dataset"
    words = ("--images", pairs / "images", "--labels", pairs / "labels", "--scheme", "brainstem")
    hiding = ("--hide", "midbrain,pons,medulla", "--keep-full", 2)
    assert partialseg("import", *words, *hiding, "--output", folder).code == 0
    return folder
