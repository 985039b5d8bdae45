"""Real processes: a training outlives its starter, stops when asked, and can be killed."""

import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from partialseg_trainer import interpreter
from partialseg_trainer.errors import UserError
from partialseg_trainer.runs import (
    RunState,
    kill,
    read_log_tail,
    read_metrics,
    read_status,
    request_stop,
    start,
    wait,
)

STARTER = """
import sys
from pathlib import Path
from partialseg_trainer.runs import RunFolder, start
start(RunFolder(Path(sys.argv[1])), argv=sys.argv[2:])
"""


def running(run):
    return read_status(run).state is RunState.RUNNING


def epochs(run):
    return [row["epoch"] for row in read_metrics(run)]


@pytest.mark.skipif(os.name == "nt", reason="process groups are POSIX")
def test_a_training_outlives_whoever_started_it(run, command, until):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(run.path), *command("until stopped")],
        env=environment,
        start_new_session=True,
    )
    assert starter.wait() == 0
    with pytest.raises(ProcessLookupError):
        os.killpg(starter.pid, signal.SIGHUP)
    until(lambda: running(run))
    done = len(epochs(run))
    until(lambda: len(epochs(run)) > done)
    request_stop(run)
    assert wait(run, 20).state is RunState.STOPPED


def test_a_training_runs_to_its_end_and_is_watched(run, command):
    seen = []
    first = start(run, argv=command("to the end"))
    assert first.state is RunState.QUEUED
    last = wait(run, 20, seen.append, poll=0.02)
    assert (last.state, last.epoch, last.epochs) == (RunState.FINISHED, 5, 5)
    assert seen[-1] == last
    assert RunState.RUNNING in {status.state for status in seen}
    with pytest.raises(UserError, match="is finished"):
        start(run, resume=True)


def test_a_killed_training_is_interrupted_and_resumes_without_a_row_twice(run, command):
    start(run, argv=command("die in epoch 3"))
    status = wait(run, 20)
    assert status.state is RunState.INTERRUPTED
    assert "resume it to go on from its last checkpoint" in status.message
    assert epochs(run) == [0, 1, 2, 3]
    with pytest.raises(UserError, match="was started before"):
        start(run)
    start(run, resume=True, argv=command("to the end"))
    assert wait(run, 20).state is RunState.FINISHED
    assert epochs(run) == [0, 1, 2, 3, 4]


def test_a_stopped_training_resumes(run, command, until):
    start(run, argv=command("until stopped"))
    until(lambda: running(run))
    request_stop(run)
    assert wait(run, 20).state is RunState.STOPPED
    with pytest.raises(UserError, match=r"not at work \(it is stopped\)"):
        request_stop(run)
    start(run, resume=True, argv=command("until stopped"))
    assert not run.stop_file.exists()
    until(lambda: running(run))


def test_only_one_of_two_starts_wins(run, command):
    def attempt(_):
        try:
            return start(run, argv=command("until stopped")).pid
        except UserError as error:
            return str(error)

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(attempt, range(2)), key=str)
    assert isinstance(answers[0], int)
    assert "at work already" in answers[1]
    with pytest.raises(UserError, match="at work already"):
        start(run, resume=True, argv=command("until stopped"))


def test_a_mistake_of_the_user_is_repeated_as_it_is(run, command):
    start(run, argv=command("user error"))
    status = wait(run, 20)
    assert status.state is RunState.FAILED
    assert status.message == "No scan is fully labelled; label one."


def test_of_a_bug_the_log_has_the_traceback_and_the_status_has_no_names(run, command):
    start(run, argv=command("bug"))
    status = wait(run, 20)
    assert status.state is RunState.FAILED
    assert "Doe" not in status.model_dump_json()
    assert "Traceback" in read_log_tail(run)
    assert read_log_tail(run, lines=1) == "RuntimeError: sub-Jane-Doe went wrong"


def test_a_process_that_cannot_begin_has_failed(run):
    start(run, argv=[sys.executable, "-c", "import no_such_module"])
    status = wait(run, 20)
    assert status.state is RunState.FAILED
    assert "train.log" in status.message
    assert "no_such_module" in read_log_tail(run)


def test_a_command_that_does_not_exist_is_said_at_once(run):
    with pytest.raises(UserError, match="no-such-python exists"):
        start(run, python="no-such-python")
    assert read_status(run).state is RunState.QUEUED


def test_kill_ends_the_whole_tree(run, command, until):
    status = start(run, argv=command("with a child of its own"))
    until((run.path / "worker").exists)
    until(lambda: (run.path / "worker").read_text())
    kill(run)
    worker = int((run.path / "worker").read_text())
    for pid in (status.pid, worker):
        assert not psutil.pid_exists(pid) or (psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    assert read_status(run).state is RunState.INTERRUPTED
    assert "Ended at once, as asked" in read_status(run).message
    assert '"state": "interrupted"' in run.status_file.read_text()
    with pytest.raises(UserError, match="not at work"):
        kill(run)


def test_a_launcher_hands_the_run_over_to_the_process_that_trains(run, command, until):
    launcher = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    first = start(run, argv=[sys.executable, "-c", launcher, *command("until stopped")])
    until(lambda: running(run))
    assert read_status(run).pid != first.pid
    request_stop(run)
    assert wait(run, 20).state is RunState.STOPPED


def test_the_training_imports_the_engine_beside_this_one(run):
    ask = "import partialseg_trainer; print(partialseg_trainer.__file__)"
    start(run, argv=[sys.executable, "-c", ask])
    wait(run, 20)
    assert read_log_tail(run) == str(Path(interpreter.__file__).with_name("__init__.py"))


def test_within_slicer_its_own_python_is_taken(monkeypatch):
    assert interpreter.python_executable() == sys.executable
    monkeypatch.setattr(sys, "executable", "/opt/Slicer/bin/SlicerApp-real")
    monkeypatch.setattr(shutil, "which", lambda name: f"/opt/Slicer/bin/{name}")
    assert interpreter.python_executable() == "/opt/Slicer/bin/PythonSlicer"
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="No Python was found"):
        interpreter.python_executable()


def test_a_wait_with_a_limit_comes_back(run):
    assert wait(run, 0.05).state is RunState.QUEUED
