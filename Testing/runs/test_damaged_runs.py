"""A run that is damaged, or was made to do harm, says so, and hides no other."""

import os
import socket

import pytest

from partialseg_trainer.errors import UserError
from partialseg_trainer.runs import (
    RunFolder,
    RunReporter,
    RunState,
    read_log_tail,
    read_metrics,
    read_run,
    read_runs,
    read_status,
    start,
)
from partialseg_trainer.runs.metrics import append_metrics, drop_metrics_from

STATUS = {
    "a negative process number": '{"state": "running", "pid": -1, "process_started": 1}',
    "process number 0": '{"state": "running", "pid": 0, "process_started": 1}',
    "a process number beyond the system's": f'{{"state": "queued", "pid": {2**40}}}',
    "a number of 5000 digits": '{"state": "running", "pid": 1, "step": ' + "9" * 5000 + "}",
    "a number beyond any training": '{"state": "running", "pid": 1, "epoch": 99999999999}',
    "an infinite time left": '{"state": "running", "pid": 1, "eta_seconds": Infinity}',
    "no UTF-8": b'{"state": "running", "message": "\xff\xfe"}',
    "deep": "[" * 100_000,
    "null characters": b"\0" * 64,
}
METRICS = {
    "a row too long": b"epoch,validation_dice\n0,0.5\n1,0.5,0.7\n",
    "a row too short": b"epoch,validation_dice\n0\n",
    "no UTF-8": b"epoch,validation_dice\n0,\xff\n",
    "text for a number": b"epoch,validation_dice\n0,good\n",
    "no epoch": b"epoch,validation_dice\n,0.5\n",
    "half an epoch": b"epoch,validation_dice\n0.5,0.5\n",
    "a null character": b"epoch,validation_dice\n0,\0\n",
    "a field beyond CSV's": b"epoch,note\n0," + b"x" * 200_000 + b"\n",
}
NO_FILE = {
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo if hasattr(os, "mkfifo") else None,
    "a link": lambda path: path.symlink_to("/etc/hostname"),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
}
on_posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes as files")


@pytest.fixture
def other(run):
    return RunFolder.create(run.path.with_name("another"), {})


def check_others_are_shown(run, other, *words):
    readings = {reading.run: reading for reading in read_runs(run.path.parent)}
    assert readings[other].status is not None
    assert readings[run].status is None
    for word in words:
        assert word in readings[run].problem


@pytest.mark.parametrize("content", STATUS.values(), ids=STATUS)
def test_a_damaged_status(run, other, content):
    run.status_file.write_bytes(content if isinstance(content, bytes) else content.encode())
    check_others_are_shown(run, other, "status.json")
    with pytest.raises(UserError, match=r"status\.json"):
        start(run, resume=True)


@pytest.mark.parametrize("content", METRICS.values(), ids=METRICS)
def test_damaged_metrics_are_named_with_the_line_and_the_remedy(run, other, content):
    run.metrics_file.write_bytes(content)
    check_others_are_shown(run, other, "metrics.csv is damaged: line ", "delete the file", "resume")
    for use in (read_metrics, lambda run: drop_metrics_from(run, 1)):
        with pytest.raises(UserError, match=r"metrics\.csv is damaged"):
            use(run)
    assert run.metrics_file.read_bytes() == content
    run.metrics_file.unlink()
    append_metrics(run, {"epoch": 0})
    assert read_run(run).status is not None


@on_posix
@pytest.mark.parametrize("make", NO_FILE.values(), ids=NO_FILE)
@pytest.mark.parametrize("name", ["status_file", "metrics_file"])
def test_something_else_in_the_place_of_a_file(run, other, name, make):
    make(getattr(run, name))
    check_others_are_shown(run, other, getattr(run, name).name)


@on_posix
def test_a_folder_of_runs_that_may_not_be_read_or_is_a_link(run, other):
    run.config_file.unlink()
    run.config_file.symlink_to(other.config_file)
    check_others_are_shown(run, other, "config.json is a link")


@on_posix
@pytest.mark.parametrize(
    "place",
    [
        *("train.log", ".lock", ".work.lock", "stop", "model", "checkpoints/last.ckpt"),
        *("stages/teacher-1/checkpoints/last.ckpt", "model.new"),
    ],
)
def test_no_link_in_a_received_run_is_followed(run, tmp_path, command, place):
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    link = run.path / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(mine)
    for attempt in (lambda: start(run, argv=command("to the end")), RunReporter(run).__enter__):
        with pytest.raises(UserError, match="is a link"):
            attempt()
    assert mine.read_text() == "mine"
    assert link.is_symlink()
    assert read_log_tail(run) == ""


@on_posix
def test_a_log_that_is_a_pipe_holds_nobody_up(run):
    os.mkfifo(run.log_file)
    assert read_log_tail(run) == ""
    with pytest.raises(UserError, match=r"train\.log is a pipe"):
        start(run)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no such sockets")
def test_a_socket_in_a_run_is_refused(tmp_path, monkeypatch):
    run = RunFolder.create(tmp_path / "r", {})
    monkeypatch.chdir(run.path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("stop")
        with pytest.raises(UserError, match="stop is a pipe or a device"):
            read_status(run)


def test_what_was_cut_off_behind_the_last_line_may_be_anything(run):
    append_metrics(run, {"epoch": 0})
    with open(run.metrics_file, "ab") as file:
        file.write(b"1\xff\xfe\0")
    drop_metrics_from(run, 5)
    append_metrics(run, {"epoch": 1})
    assert [row["epoch"] for row in read_metrics(run)] == [0, 1]


def test_a_wrong_status_that_is_thrown_away_leaves_a_run_to_resume(run, command):
    run.status_file.write_text("{")
    run.status_file.unlink()
    assert read_status(run).state is RunState.QUEUED
