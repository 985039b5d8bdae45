"""A process of the engine imports nothing from a folder that somebody sent, or happens to be in."""

import json
import os
import subprocess
import sys

import pytest

from partialseg_trainer.interpreter import engine_command, engine_process
from partialseg_trainer.runs import RunState, read_log_tail, start, wait

# Each would be found before the real one.
TRAPS = ("torch", "numpy", "json", "partialseg_trainer", "sitecustomize", "lightning")


@pytest.fixture
def trapped(tmp_path, monkeypatch):
    """A folder to be in whose modules, once imported, leave a trace."""
    folder = tmp_path / "received"
    folder.mkdir()
    set_traps(folder)
    monkeypatch.chdir(folder)
    return folder


def set_traps(folder):
    for name in TRAPS:
        (folder / f"{name}.py").write_text("open(__file__ + '.ran', 'w'); raise SystemExit(3)")


def sprung(folder):
    return sorted(path.name for path in folder.rglob("*.ran"))


# As Slicer, or a user's shell, may have it.
@pytest.mark.parametrize("inherited", ["", os.pathsep, f"{os.pathsep}/nowhere"])
def test_a_received_run_runs_no_code(run, trapped, monkeypatch, inherited):
    monkeypatch.setenv("PYTHONPATH", inherited)
    set_traps(run.path)
    (run.path / "__main__.py").write_text("open(__file__ + '.ran', 'w')")
    start(run)
    status = wait(run, 120)
    # Its settings name no dataset: so far the training came.
    assert status.state is RunState.FAILED and "dataset" in status.message, read_log_tail(run)
    assert sprung(run.path) == sprung(trapped) == []


@pytest.mark.parametrize("named", ["the whole way", "from there"])
def test_a_job_takes_no_module_of_the_folder_that_somebody_is_in(tmp_path, trapped, named):
    there = named == "from there"
    dataset = os.path.relpath(tmp_path, trapped) if there else str(tmp_path)
    (tmp_path / "request.json").write_text(json.dumps({"dataset": dataset}))
    command = engine_command("jobs", "cases", str(tmp_path), *([str(trapped)] if there else []))
    done = subprocess.run(command, capture_output=True, **engine_process())
    assert done.returncode == 1, done.stderr
    assert "dataset_description.json" in (tmp_path / "error.json").read_text()
    assert sprung(trapped) == []


def test_what_a_process_of_the_engine_starts_is_as_safe(trapped):
    code = (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import json'], check=True)"
    )
    if sys.version_info < (3, 11):
        pytest.skip("this Python has no safe path; the working directory is the engine's own")
    subprocess.run([sys.executable, "-c", code], check=True, **{**engine_process(), "cwd": trapped})
    assert sprung(trapped) == []
