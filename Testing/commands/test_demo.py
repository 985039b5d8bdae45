"""`partialseg demo` finds the Slicer module beside the engine, or says what is missing."""

import importlib.util
import sys
from pathlib import Path

import pytest

from partialseg_trainer.commands import demo

RECORDING = """
from pathlib import Path

def main(output, seed=0):
    Path(output).mkdir()
    Path(output, "seed.txt").write_text(str(seed))
"""


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """The folder of an engine, somewhere else than in the repository."""
    folder = tmp_path / "clone" / "PartialSegTrainer"
    file = folder / "partialseg_trainer" / "commands" / "demo.py"
    file.parent.mkdir(parents=True)
    monkeypatch.setattr(demo, "__file__", str(file))
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in [name for name in sys.modules if name.partition(".")[0] == "PartialSegLib"]:
        monkeypatch.delitem(sys.modules, name)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "PartialSegLib"]:
        del sys.modules[name]


def found_as(answer, monkeypatch):
    """Let `slicer` be installed, or not."""
    find = importlib.util.find_spec
    spec = importlib.util.spec_from_loader("slicer", None) if answer else None
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *more: spec if name == "slicer" else find(name, *more),
    )


def module_in(folder: Path) -> None:
    (folder / "PartialSegLib").mkdir(parents=True)
    (folder / "PartialSegLib" / "__init__.py").touch()
    (folder / "PartialSegLib" / "demo.py").write_text(RECORDING)


@pytest.mark.parametrize("place", ["../PartialSeg", "."])
def test_the_module_is_found_in_a_clone_and_once_installed(
    partialseg, engine, tmp_path, monkeypatch, place
):
    module_in((engine / place).resolve())
    found_as(True, monkeypatch)
    result = partialseg("demo", "--output", tmp_path / "demo", "--seed", 3)
    assert result.code == 0, result.err
    assert (tmp_path / "demo" / "seed.txt").read_text() == "3"


def test_without_the_module(partialseg, engine, tmp_path):
    result = partialseg("demo", "--output", tmp_path / "demo")
    assert result.code == 2 and "make demo" in result.sentence
    assert not (tmp_path / "demo").exists()


def test_without_slicer_core(partialseg, engine, tmp_path, monkeypatch):
    module_in(engine)
    found_as(False, monkeypatch)
    result = partialseg("demo", "--output", tmp_path / "demo")
    assert result.code == 2 and "slicer-core" in result.sentence
    assert not (tmp_path / "demo").exists()
