"""What a run's status says is checked against the process that said it."""

import datetime
import os
import subprocess
import sys

import pytest

from partialseg_trainer.errors import UserError
from partialseg_trainer.runs import RunFolder, RunState, list_runs, processes, read_status
from partialseg_trainer.runs.status import SILENCE_SECONDS, status_of_process, write_status


def report(run, pid=None, state=RunState.RUNNING, **changes):
    status = status_of_process(pid or os.getpid(), state)
    write_status(run, status.model_copy(update=changes))


@pytest.fixture
def ended_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_prepared_run_is_queued_without_a_process(run):
    status = read_status(run)
    assert status.state is RunState.QUEUED
    assert not status.active
    assert not status.over


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(UserError, match="is not a run folder"):
        read_status(RunFolder(tmp_path))


def test_a_live_process_is_running(run):
    report(run)
    assert read_status(run).state is RunState.RUNNING


def test_a_process_that_is_gone_was_interrupted_and_the_message_says_how_to_go_on(run, ended_pid):
    report(run, ended_pid)
    status = read_status(run)
    assert status.state is RunState.INTERRUPTED
    assert "resume it to go on from the beginning" in status.message
    (run.checkpoints / "last.ckpt").touch()
    assert "resume it to go on from its last checkpoint" in read_status(run).message


def test_a_process_that_went_before_it_began_has_failed(run, ended_pid):
    report(run, ended_pid, RunState.QUEUED)
    status = read_status(run)
    assert status.state is RunState.FAILED
    assert "train.log" in status.message


def test_another_process_with_the_same_id_does_not_count(run):
    report(run, process_started=processes.start_time() - 1000)
    assert read_status(run).state is RunState.INTERRUPTED


@pytest.mark.skipif(os.name == "nt", reason="Windows has no zombies")
def test_a_zombie_does_not_count(run, until):
    zombie = subprocess.Popen([sys.executable, "-c", ""])
    try:
        report(run, zombie.pid)
        until(lambda: read_status(run).state is RunState.INTERRUPTED)
    finally:
        zombie.wait()


def test_the_last_word_wins_over_the_end_of_the_process(run, monkeypatch):
    def finishes_while_looked_at(pid, started):
        report(run, state=RunState.FINISHED)
        return False

    report(run)
    monkeypatch.setattr(processes, "is_alive", finishes_while_looked_at)
    assert read_status(run).state is RunState.FINISHED


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(SILENCE_SECONDS / 2, RunState.RUNNING), (SILENCE_SECONDS * 2, RunState.INTERRUPTED)],
)
def test_on_another_computer_the_heartbeat_decides(run, ended_pid, seconds, state):
    age = datetime.timedelta(seconds=seconds)
    now = datetime.datetime.now(datetime.timezone.utc)
    report(run, ended_pid, host="another-computer", heartbeat=now - age)
    assert read_status(run).state is state


def test_a_run_that_was_asked_to_stop_is_stopping_until_it_ends(run):
    report(run)
    run.stop_file.touch()
    assert read_status(run).state is RunState.STOPPING
    report(run, state=RunState.STOPPED)
    assert read_status(run).state is RunState.STOPPED


@pytest.mark.parametrize(
    "content",
    ["", '{"state": "run', "[]", '{"state": "jogging"}', '{"state": "running", "pid": "x"}'],
)
def test_a_damaged_status_is_said_with_file_and_remedy_and_the_run_is_still_listed(run, content):
    run.status_file.write_text(content)
    with pytest.raises(UserError, match=r"status\.json.*delete status\.json and resume the run"):
        read_status(run)
    assert list_runs(run.path.parent) == [run]


def test_what_is_not_a_number_leaves_the_status_valid_json(run):
    report(run, metrics={"loss": float("nan")})
    assert "NaN" not in run.status_file.read_text()
    assert read_status(run).metrics == {"loss": None}
