"""What the training process reports arrives, and how it ended is never left open."""

import errno
import multiprocessing
import os
import signal
import time

import pytest

from partialseg_trainer.errors import UserError
from partialseg_trainer.runs import (
    RunFolder,
    RunReporter,
    RunState,
    read_metrics,
    read_status,
    start,
)


def work(at_work):
    at_work.set()
    while True:
        time.sleep(0.05)


def test_the_block_ends_finished(run):
    with RunReporter(run, period=0.05) as reporter:
        assert read_status(run).state is RunState.RUNNING
        reporter.update(epoch=1, epochs=2, eta_seconds=7.0)
        reporter.metrics({"epoch": 0, "loss": 0.5})
    status = read_status(run)
    assert (status.state, status.epoch, status.eta_seconds) == (RunState.FINISHED, 1, None)
    assert read_metrics(run) == [{"epoch": 0, "loss": 0.5}]


def test_on_a_full_disk_the_reason_for_the_end_is_still_written(run, monkeypatch):
    def fsync(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space"), RunReporter(run, period=3600) as reporter:
        reporter.update(epoch=1)
        monkeypatch.setattr(os, "fsync", fsync)
        fsync(0)
    status = read_status(run)
    assert (status.state, status.epoch) == (RunState.FAILED, 1)
    assert "free some space" in status.message


def test_the_heartbeat_goes_on_and_carries_the_newest_fields(run, until):
    with RunReporter(run, period=0.05) as reporter:
        first = read_status(run).heartbeat
        reporter.update(step=12, device="cpu")
        until(lambda: read_status(run).step == 12)
        until(lambda: read_status(run).heartbeat > first)


def test_a_new_stage_is_written_without_waiting_for_the_heartbeat(run, until):
    with RunReporter(run, period=3600) as reporter:
        reporter.update(stage="training")
        until(lambda: read_status(run).stage == "training")


def test_a_field_that_no_run_has_is_refused(run):
    with RunReporter(run) as reporter, pytest.raises(TypeError, match="no pid"):
        reporter.update(pid=1)


def test_an_exception_is_explained_and_goes_on(run):
    with pytest.raises(MemoryError), RunReporter(run):
        raise MemoryError
    status = read_status(run)
    assert status.state is RunState.FAILED
    assert "smaller batch size" in status.message


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_ended_by_its_user_it_is_stopped(run, kind):
    with pytest.raises(kind), RunReporter(run):
        raise kind
    assert read_status(run).state is RunState.STOPPED


def test_a_stop_file_is_heard_and_an_old_one_is_not(run, until):
    run.stop_file.touch()
    with RunReporter(run, period=0.05) as reporter:
        assert not run.stop_file.exists()
        assert not reporter.stop_requested
        run.stop_file.touch()
        until(lambda: reporter.stop_requested)
    assert read_status(run).state is RunState.STOPPED


def test_a_request_that_comes_after_the_training_has_ended_does_not_undo_it(run, until):
    with RunReporter(run, period=0.05):
        run.stop_file.touch()
        until(lambda: '"stopping"' in run.status_file.read_text())
    assert read_status(run).state is RunState.FINISHED


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without a signal")
def test_a_termination_signal_asks_for_a_stop_and_the_old_handler_comes_back(run):
    before = signal.getsignal(signal.SIGTERM)
    with RunReporter(run) as reporter:
        os.kill(os.getpid(), signal.SIGTERM)
        assert reporter.stop_requested
    assert read_status(run).state is RunState.STOPPED
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork"
)
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_worker_still_ends_when_told_to(run):
    fork = multiprocessing.get_context("fork")
    at_work = fork.Event()
    with RunReporter(run):
        worker = fork.Process(target=work, args=(at_work,), daemon=True)
        worker.start()
        assert at_work.wait(10)
        worker.terminate()
        worker.join(10)
        assert worker.exitcode == -signal.SIGTERM
    assert read_status(run).state is RunState.FINISHED


def test_two_processes_do_not_train_the_same_run(run, command, until):
    first = start(run, argv=command("until stopped"))
    until(lambda: read_status(run).state is RunState.RUNNING)
    # Not even when its status was thrown away meanwhile.
    for _ in range(2):
        with pytest.raises(UserError, match="Another process is at work"), RunReporter(run):
            pytest.fail("entered")
        with pytest.raises(UserError, match="at work already"):
            start(run, resume=True, argv=command("until stopped"))
        run.status_file.unlink()
    until(lambda: read_status(run).pid == first.pid)


def test_the_lock_ends_with_its_process(run, command, until):
    start(run, argv=command("die in epoch 3"))
    until(lambda: read_status(run).over)
    with RunReporter(run):
        assert read_status(run).pid == os.getpid()


def test_what_a_killed_write_left_is_removed_by_the_next_training_and_nothing_else(run):
    stage = run.path / "stages" / "teacher-1"
    kept = [run.checkpoints / "last.ckpt", run.path / ".mine", stage / "notes-0123abcd.txt"]
    left = [
        run.checkpoints / ".0123abcd-last.ckpt",
        run.path / ".99999999-status.json",
        stage / "checkpoints" / ".abcdef01-best.ckpt",
        run.path / ".0123abcd-pseudo_labels" / "codes.bin",
        run.path / "model.new" / "weights.safetensors",
        stage / "model.new" / "model.json",
    ]
    for path in (*kept, *left):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with RunReporter(run):
        pass
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in left)
    assert not (run.path / "model.new").exists()
    assert not (run.path / ".0123abcd-pseudo_labels").exists()


def test_a_training_whose_folder_was_moved_ends_and_makes_no_second_one(run, monkeypatch, tmp_path):
    monkeypatch.setattr("partialseg_trainer.runs.reporter._AWAY_SECONDS", 0.2)
    moved = RunFolder(tmp_path / "moved")
    with (
        pytest.raises(UserError, match="moved or removed"),
        RunReporter(run, period=0.05) as reporter,
    ):
        run.path.rename(moved.path)
        while not reporter.stop_requested:
            time.sleep(0.01)
    assert not run.path.exists()
    assert read_status(moved).state is RunState.INTERRUPTED
    with RunReporter(moved):
        pass
