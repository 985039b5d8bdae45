"""`partialseg runs`: what is said of runs, and what is done to them."""

import json
import sys
import time

import pytest

from partialseg_trainer.runs import RunFolder, RunState, kill, read_status, start

# A training that only waits to be stopped.
WAITING = """
import sys, time
from pathlib import Path
from partialseg_trainer.runs import RunFolder, RunReporter
with RunReporter(RunFolder(Path(sys.argv[1])), period=0.05) as reporter:
    reporter.update(stage="training", epoch=2, epochs=9, metrics={"training_loss": 0.25})
    while not reporter.stop_requested:
        time.sleep(0.02)
"""


@pytest.fixture
def root(tmp_path):
    return tmp_path / "runs"


@pytest.fixture
def waiting(root):
    """A run at work, which a test may stop."""
    run = RunFolder.create(root / "waiting", {})
    start(run, argv=[sys.executable, "-c", WAITING, str(run.path)])
    deadline = time.monotonic() + 120
    while read_status(run).state is not RunState.RUNNING or not read_status(run).epoch:
        assert time.monotonic() < deadline, "the run does not start"
        time.sleep(0.02)
    yield run
    if read_status(run).active:
        kill(run)


def test_runs_are_listed_with_their_state(partialseg, waiting, root):
    shown = partialseg("runs", "list", "--root", root)
    assert shown.code == 0
    assert "waiting" in shown.out and "running" in shown.out and "2 / 9" in shown.out
    (listed,) = json.loads(partialseg("runs", "list", "--root", root, "--json").out)
    assert (listed["run"], listed["state"]) == (str(waiting.path), "running")


def test_a_damaged_run_is_shown_as_such_and_does_not_hide_the_others(partialseg, waiting, root):
    damaged = RunFolder.create(root / "a[red]b", {})
    damaged.status_file.write_text("{")
    listed = json.loads(partialseg("runs", "list", "--root", root, "--json").out)
    assert {entry["run"]: entry["state"] for entry in listed} == {
        str(waiting.path): "running",
        str(damaged.path): "damaged",
    }
    (message,) = (entry["message"] for entry in listed if entry["state"] == "damaged")
    assert "status.json" in message
    shown = partialseg("runs", "list", "--root", root)
    assert shown.code == 0
    assert "damaged" in shown.out and "a[red]b" in shown.out and "running" in shown.out


def test_no_runs_at_all(partialseg):
    shown = partialseg("runs", "list")
    assert shown.code == 0 and "no runs" in shown.out


@pytest.mark.parametrize("words", [("--now",), ()])
def test_a_run_is_stopped_and_waited_for(partialseg, waiting, root, words):
    stopped = partialseg("runs", "stop", "waiting", "--root", root, *words)
    assert stopped.code == 0
    expected = RunState.INTERRUPTED if words else RunState.STOPPED
    assert read_status(waiting).state is expected
    assert f"waiting is {expected.value}, after 2 epochs" in stopped.out
    watched = partialseg("runs", "watch", waiting.path)
    assert watched.code == 1


def test_ctrl_c_leaves_the_training_at_work(partialseg, waiting, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("partialseg_trainer.runs.wait", interrupted)
    watched = partialseg("runs", "watch", waiting.path)
    assert watched.code == 130
    assert "goes on" in watched.err and f"runs stop {waiting.path}" in watched.err
    assert read_status(waiting).state is RunState.RUNNING


class TestRefusals:
    def refused(self, partialseg, *words):
        result = partialseg("runs", *words)
        assert result.code == 2 and not result.out
        return result.sentence

    @pytest.mark.parametrize("verb", ["watch", "stop", "resume"])
    def test_a_run_that_does_not_exist(self, partialseg, root, verb):
        assert "'nope'" in self.refused(partialseg, verb, "nope", "--root", root)
        assert "no runs" in self.refused(partialseg, verb, "--root", root)

    @pytest.mark.parametrize("verb", ["watch", "stop", "resume"])
    def test_a_folder_that_is_no_run(self, partialseg, tmp_path, verb):
        assert "config.json" in self.refused(partialseg, verb, tmp_path)

    def test_watching_or_stopping_what_was_not_started(self, partialseg, root):
        run = RunFolder.create(root / "prepared", {})
        assert "not started" in self.refused(partialseg, "watch", run.path)
        assert "not at work" in self.refused(partialseg, "stop", run.path)

    def test_resuming_what_is_at_work(self, partialseg, waiting):
        assert "at work already" in self.refused(partialseg, "resume", waiting.path)

    def test_a_folder_of_runs_that_does_not_exist(self, partialseg, tmp_path):
        assert "nowhere" in self.refused(partialseg, "list", "--root", tmp_path / "nowhere")
