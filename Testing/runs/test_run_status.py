"""What a run's status says is checked against the process that said it."""

import datetime
import errno
import os
import shutil
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from partialseg_trainer.errors import UserError
from partialseg_trainer.runs import (
    RunFolder,
    RunReporter,
    RunState,
    kill,
    list_runs,
    liveness,
    lock,
    processes,
    read_status,
    request_stop,
)
from partialseg_trainer.runs.liveness import SILENCE_SECONDS
from partialseg_trainer.runs.status import now, status_of_process, write_status


def report(run, pid=None, state=RunState.RUNNING, **changes):
    status = status_of_process(run, pid or os.getpid(), state)
    write_status(run, status.model_copy(update=changes))


@pytest.fixture
def held(run):
    """The lock of the run, held as its training does."""
    held = lock.hold(run)
    yield held
    held.release()


@pytest.fixture
def clock(monkeypatch):
    """A clock of this process that a test moves on."""
    clock = SimpleNamespace(time=1000.0, monotonic=lambda: clock.time)
    monkeypatch.setattr(liveness, "time", clock)
    return clock


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


def test_whoever_holds_the_lock_is_at_work_whatever_clocks_and_names_say(run, held, ended_pid):
    for hours in (-3, 0, 3):
        heartbeat = now() + datetime.timedelta(hours=hours)
        report(run, ended_pid, heartbeat=heartbeat, host="another-computer", computer="other")
        assert read_status(run).state is RunState.RUNNING
        report(run, ended_pid, heartbeat=heartbeat)
        assert read_status(run).state is RunState.RUNNING


def test_a_live_process_without_the_lock_is_not_at_work(run):
    report(run)
    assert read_status(run).state is RunState.INTERRUPTED


def test_a_live_process_that_has_not_yet_begun_is_queued(run):
    report(run, state=RunState.QUEUED)
    assert read_status(run).active


def test_a_copy_of_a_run_at_work_is_not_at_work(run, held, tmp_path):
    report(run)
    copy = RunFolder(tmp_path / "copy")
    shutil.copytree(run.path, copy.path)
    assert read_status(copy).state is RunState.INTERRUPTED
    report(run, state=RunState.QUEUED)
    shutil.copy(run.status_file, copy.status_file)
    assert read_status(copy).state is RunState.FAILED
    with pytest.raises(UserError, match="not at work"):
        kill(copy)


def test_a_process_that_is_gone_was_interrupted_and_the_message_says_how_to_go_on(run, ended_pid):
    report(run, ended_pid)
    status = read_status(run)
    assert status.state is RunState.INTERRUPTED
    assert "resume it to go on from the beginning" in status.message
    (run.checkpoints / "last.ckpt").touch()
    assert "resume it to go on from its last checkpoint" in read_status(run).message


def test_the_checkpoint_of_a_stage_is_one_to_go_on_from(run, ended_pid):
    report(run, ended_pid)
    (run.stages / "first" / "checkpoints").mkdir(parents=True)
    assert "the beginning" in read_status(run).message
    (run.stages / "first" / "checkpoints" / "last.ckpt").touch()
    assert "its last checkpoint" in read_status(run).message


def test_a_process_that_went_before_it_began_has_failed(run, ended_pid):
    report(run, ended_pid, RunState.QUEUED)
    status = read_status(run)
    assert status.state is RunState.FAILED
    assert "train.log" in status.message


def test_another_process_with_the_same_id_does_not_count(run):
    report(run, state=RunState.QUEUED, process_started=processes.start_time() - 1000)
    assert not read_status(run).active


@pytest.mark.skipif(os.name == "nt", reason="Windows has no zombies")
def test_a_zombie_does_not_count(run, until):
    zombie = subprocess.Popen([sys.executable, "-c", ""])
    try:
        report(run, zombie.pid, RunState.QUEUED)
        until(lambda: not read_status(run).active)
    finally:
        zombie.wait()


def test_the_last_word_wins_over_the_end_of_the_process(run, monkeypatch):
    def finishes_while_looked_at(run):
        report(run, state=RunState.FINISHED)
        return False

    report(run)
    monkeypatch.setattr(lock, "is_held", finishes_while_looked_at)
    assert read_status(run).state is RunState.FINISHED


class TestWhereTheLockDoesNotReach:
    """A folder that two computers see, on a file system whose locks hold on each alone."""

    @pytest.fixture
    def beat(self, run):
        """Another computer's heartbeat; `rest` is for how long the file has been at rest."""

        def beat(ahead=0.0, rest=0.0):
            heartbeat = now() + datetime.timedelta(seconds=ahead)
            report(run, 4, heartbeat=heartbeat, host="another", computer="another")
            written = run.status_file.stat().st_mtime - rest
            os.utime(run.status_file, (written, written))

        return beat

    @pytest.mark.parametrize("ahead", [-10_000, -150, 0, 150, 10_000])
    def test_a_heartbeat_that_changes_is_alive_and_one_that_does_not_has_ended(
        self, run, beat, clock, ahead
    ):
        for _ in range(3):
            beat(ahead)
            assert read_status(run).state is RunState.RUNNING
            clock.time += SILENCE_SECONDS / 2
        assert read_status(run).state is RunState.RUNNING
        clock.time += SILENCE_SECONDS
        assert read_status(run).state is RunState.INTERRUPTED
        beat(ahead)
        assert read_status(run).state is RunState.RUNNING

    def test_a_file_long_at_rest_has_ended_at_first_sight(self, run, beat):
        beat(ahead=10_000, rest=SILENCE_SECONDS * 2)
        assert read_status(run).state is RunState.INTERRUPTED

    def test_it_is_not_ended_from_here_but_asked_to_stop(self, run, beat):
        beat()
        with pytest.raises(UserError, match="at work on the computer another"):
            kill(run)
        request_stop(run)
        assert read_status(run).state is RunState.STOPPING

    def test_who_comes_second_waits_until_it_is_clear_that_the_first_has_ended(
        self, run, beat, clock, monkeypatch
    ):
        def sleep(_):
            clock.time += SILENCE_SECONDS / 3

        monkeypatch.setattr("time.sleep", sleep)
        beat()
        with RunReporter(run):
            assert read_status(run).host == socket.gethostname()

    def test_who_comes_second_is_refused_once_the_first_is_heard(self, run, beat, monkeypatch):
        monkeypatch.setattr("time.sleep", lambda _: beat(ahead=5))
        beat()
        with pytest.raises(UserError, match="Another process is at work"), RunReporter(run):
            pytest.fail("entered")
        assert read_status(run).host == "another"

    def test_who_was_taken_for_dead_ends_without_a_word(self, run, until):
        with (
            pytest.raises(UserError, match="Another process has begun"),
            RunReporter(run, period=0.05) as reporter,
        ):
            status = read_status(run)
            write_status(run, status.model_copy(update={"session": "of the other"}))
            while not reporter.stop_requested:
                time.sleep(0.01)
        assert '"of the other"' in run.status_file.read_text()


def test_where_there_are_no_locks_at_all_process_and_identity_decide(run, monkeypatch, tmp_path):
    def flock(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)
    with RunReporter(run):
        assert read_status(run).state is RunState.RUNNING
        copy = RunFolder(tmp_path / "copy")
        shutil.copytree(run.path, copy.path)
        assert read_status(copy).state is RunState.INTERRUPTED
    assert read_status(run).state is RunState.FINISHED


def test_a_run_that_was_asked_to_stop_is_stopping_until_it_ends(run, held):
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
