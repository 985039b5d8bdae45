"""Trainings that are killed, copied, damaged and doubled, from a fixed seed: what survives.

    python Testing/faults/runs.py [--seed N] [--times N] [--keep DIR]

A small training is done once undisturbed. Then others are disturbed: killed when they begin a
write, or out of room for one; two at once; clocks that are wrong; files of the run that were
changed. A run survives when it says what has become of it, goes on to weights that are the same
to the last bit, and leaves nothing behind; a changed file, when it is named in one sentence.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from trials import Kind, chosen, try_all

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "training"))

EPOCHS = 3
SECONDS = 240


class Failed(Exception):
    """What a trial did not survive."""


def main() -> int:
    options = chosen(__doc__, "times", 100, "about how many trials")
    if not hasattr(os, "fork"):
        print("These trials fork, which this system does not.")
        return 0
    with tempfile.TemporaryDirectory() as home:
        os.environ["XDG_DATA_HOME"] = os.environ["XDG_CACHE_HOME"] = home
        _make_reference(Path(home))

        def attempt(kind: Kind, rng: random.Random, name: str) -> str | None:
            place, why = Path(home) / name.replace(" ", "-"), None
            place.mkdir()
            try:
                kind.trial(rng, place)
            except Exception as error:
                why = str(error) if isinstance(error, Failed) else traceback.format_exc()
                shutil.copytree(place, options.keep / place.name, dirs_exist_ok=True)
            shutil.rmtree(place, ignore_errors=True)
            return why

        return try_all("runs", KINDS, options, attempt, "folders")


def check(holds: object, words: str) -> None:
    if not holds:
        raise Failed(words)


# --- the training that is disturbed ---


class _Reference:
    """What the undisturbed training was like."""

    config: object
    run: object
    weights: str
    writes: int


def _make_reference(home: Path) -> None:
    import torch

    from ball_scans import make_dataset
    from partialseg_trainer.training import TrainConfig, prepare_run

    torch.set_num_threads(1)
    dataset = make_dataset(home / "dataset", full=1, partial=1)
    _Reference.config = TrainConfig(
        **{"dataset": dataset.folder, "device": "cpu", "epochs": EPOCHS, "batch_size": 4},
        network={"width": 2, "depth": 2},
        preprocessing={"spacing": 4.0},
        patch=(16, 16),
        loss="marginal_ce",
        # One of its trials adds an epoch, and the other schedule knows its end.
        schedule="constant",
        slices_per_epoch=8,
        validation_fraction=0,
    )
    _Reference.run = prepare_run(home / "reference", _Reference.config)
    counted = home / "writes"
    code, _ = _in_a_process(lambda: _train_counting(_Reference.run, counted))
    assert code == 0, _Reference.run.log_file.read_text()
    _Reference.weights = _weights_of(_Reference.run)
    _Reference.writes = int(counted.read_text())


def _train(run) -> None:
    from partialseg_trainer.training import train

    train(run)


def _train_counting(run, counted: Path) -> None:
    writes = [0]

    def count() -> None:
        writes[0] += 1

    _at_each_write(count)
    _train(run)
    counted.write_text(str(writes[0]))


def _at_each_write(do: Callable[[], None]) -> None:
    """Call `do` before each change of a file or folder; there is no way to take this back."""
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def hook(event: str, arguments: tuple) -> None:
        opened = event == "open" and isinstance(arguments[2], int) and arguments[2] & writing
        if opened or event in ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link"):
            do()

    sys.addaudithook(hook)


def _start(work: Callable[[], None], log: Path | None = None) -> int:
    """The number of a process that does the work; its exit code is 0, 1 for a UserError, or 70."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    with contextlib.suppress(BaseException):
        out = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1)
        os.dup2(out, 2)
        code = _code_of(work)
    os._exit(code)


def _code_of(work: Callable[[], None]) -> int:
    from partialseg_trainer.errors import UserError

    try:
        work()
        return 0
    except UserError as error:
        print(f"UserError: {error}", file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 70


def _wait(pid: int) -> int:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise Failed("a process did not end")


def _in_a_process(work: Callable[[], None], log: Path | None = None) -> tuple[int, str]:
    log = log or Path(tempfile.mkstemp()[1])
    code = _wait(_start(work, log))
    return code, log.read_text(errors="replace")


def _weights_of(run) -> str:
    import torch

    state = torch.load(run.checkpoints / "last.ckpt", weights_only=True)["state_dict"]
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(name.encode() + state[name].numpy().tobytes())
    return digest.hexdigest()


def _prepared(place: Path):
    from partialseg_trainer.training import prepare_run

    return prepare_run(place / "run", _Reference.config)


def _check_goes_on(run) -> None:
    """That the run can be resumed, to the same weights and rows, and that nothing is left."""
    from partialseg_trainer.runs import RunState, read_metrics, read_run, read_status

    reading = read_run(run)
    check(reading.status is not None, f"the list says: {reading.problem}")
    check(not reading.status.active, f"a run without a process is {reading.status.state.value}")
    if reading.status.state is not RunState.FINISHED:
        code, said = _in_a_process(lambda: _train(run))
        check(code == 0, f"resuming ended with {code}: {said[-400:]}")
    check(read_status(run).state is RunState.FINISHED, "it is not finished after resuming")
    check(_weights_of(run) == _Reference.weights, "the weights differ")
    epochs = [row["epoch"] for row in read_metrics(run)]
    check(epochs == list(range(EPOCHS)), f"metrics of the epochs {epochs}")
    check((run.model / "model.json").is_file(), "there is no model")
    halves = [path.name for path in run.path.rglob(".*-*")] + list(run.path.rglob("model.new"))
    check(not halves, f"left: {halves}")


def _until(condition: Callable[[], object], words: str) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        check(time.monotonic() < end, words)
        time.sleep(0.02)


# --- the trials ---


def killed_at_a_write(rng: random.Random, place: Path) -> None:
    run, left = _prepared(place), [rng.randrange(1, _Reference.writes + 1)]

    def count() -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    def work() -> None:
        _at_each_write(count)
        _train(run)

    code, said = _in_a_process(work)
    # The last write, of a thread that may come once less often, may not have come.
    check(code in (-signal.SIGKILL, 0), f"ended with {code}: {said[-400:]}")
    _check_goes_on(run)


def out_of_room(rng: random.Random, place: Path) -> None:
    from partialseg_trainer.runs import read_status

    run, left = _prepared(place), [rng.randrange(1, _Reference.writes + 1)]

    def count() -> None:
        left[0] -= 1
        if left[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def work() -> None:
        _at_each_write(count)
        _train(run)

    _in_a_process(work)
    message = read_status(run).message
    check("unexpected" not in message, f"the run says: {message}")
    _check_goes_on(run)


def killed_at_a_moment(rng: random.Random, place: Path) -> None:
    run = _prepared(place)
    pid = _start(lambda: _train(run))
    time.sleep(rng.uniform(0, 2.5))
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    _wait(pid)
    _check_goes_on(run)


def two_at_once(rng: random.Random, place: Path) -> None:
    run = _prepared(place)
    pids = []
    for _ in range(2):
        pids.append(_start(lambda: _train(run)))
        time.sleep(rng.choice((0, 0.05, 0.5)))
    codes = sorted(_wait(pid) for pid in pids)
    # The second may have come when the first had finished, and found nothing to do.
    check(codes in ([0, 1], [0, 0]), f"two trainings of one run ended with {codes}")
    _check_goes_on(run)


def a_copy_is_ended(rng: random.Random, place: Path) -> None:
    from partialseg_trainer.errors import UserError
    from partialseg_trainer.runs import RunFolder, kill, read_status

    run = _prepared(place)
    pid = _start(lambda: _train_slowly(run))
    _until(lambda: read_status(run).epoch, "it did not begin")
    copy = RunFolder(place / "copy")
    # A status that is just written vanishes under its temporary name.
    shutil.copytree(run.path, copy.path, ignore=shutil.ignore_patterns(".*-*"))
    check(not read_status(copy).active, "the copy is shown at work")
    with contextlib.suppress(UserError):
        kill(copy)
        raise Failed("the copy was ended")
    check(read_status(run).active, "the original is not at work any more")
    os.kill(pid, signal.SIGKILL)
    _wait(pid)
    _check_goes_on(copy)
    _check_goes_on(run)


def wrong_clocks(rng: random.Random, place: Path) -> None:
    from partialseg_trainer.runs import read_status

    ahead = rng.choice((-10_800, -130, 130, 10_800))
    run = _prepared(place)

    def work() -> None:
        from partialseg_trainer.runs import reporter, status

        true = status.now
        shifted = lambda: true() + datetime.timedelta(seconds=ahead)  # noqa: E731
        status.now = reporter.now = shifted
        if rng.random() < 0.5:
            # As from another computer, or a container of which no process can be seen.
            status.this_computer = lambda: "another"
        _train_slowly(run)

    pid = _start(work)
    _until(lambda: read_status(run).epoch, "it did not begin")
    check(read_status(run).active, f"a live training, its clock {ahead} s ahead, is not at work")
    code, said = _in_a_process(lambda: _train(run))
    check(code == 1 and "at work" in said, f"a second one was let in: {code} {said[-300:]}")
    os.kill(pid, signal.SIGKILL)
    _wait(pid)
    # By its file's time a heartbeat that was another computer's has ended after two minutes.
    long_ago = time.time() - 300
    os.utime(run.status_file, (long_ago, long_ago))
    _check_goes_on(run)


def _train_slowly(run) -> None:
    from partialseg_trainer.training.run.callback import ReportProgress

    ended = ReportProgress.on_train_epoch_end

    def slowly(self, trainer, module) -> None:
        ended(self, trainer, module)
        time.sleep(SECONDS)

    ReportProgress.on_train_epoch_end = slowly
    _train(run)


def a_changed_file_is_listed(rng: random.Random, place: Path) -> None:
    from partialseg_trainer.runs import RunFolder, read_runs

    run, other = RunFolder(place / "run"), RunFolder.create(place / "other", {})
    shutil.copytree(_Reference.run.path, run.path)
    file = rng.choice((run.status_file, run.metrics_file, run.config_file))
    _spoil(rng, file)
    states = {reading.run.name: reading for reading in read_runs(place)}
    check(states[other.name].status is not None, "another run was hidden")
    if states.get(run.name) is not None and states[run.name].status is None:
        check(file.name in states[run.name].problem, f"it says: {states[run.name].problem}")


def a_changed_file_is_named(rng: random.Random, place: Path) -> None:
    from partialseg_trainer.runs import RunFolder

    run = RunFolder(place / "run")
    shutil.copytree(_Reference.run.path, run.path)
    run.status_file.unlink()
    config = json.loads(run.config_file.read_text())
    run.config_file.write_text(json.dumps(config | {"epochs": EPOCHS + 1}))
    split, last = run.path / "split.json", run.checkpoints / "last.ckpt"
    file = rng.choice((run.metrics_file, split, last, last))
    _spoil(rng, file)
    code, said = _in_a_process(lambda: _train(run))
    check(code in (0, 1), f"{file.name}: {said[-400:]}")
    if code == 1:
        check(file.name in said, f"{file.name} is not named: {said[-400:]}")


def _spoil(rng: random.Random, file: Path) -> None:
    content = file.read_bytes()
    at = rng.randrange(len(content))
    how = rng.randrange(7)
    if how == 0:
        content = content[:at]
    elif how == 1:
        content = content[:at] + rng.randbytes(8) + content[at + 8 :]
    elif how == 2:
        content = content[:at] + rng.choice(
            (b"9" * 5000, b"[" * 5000, b"\0", b"-", b"1e999", b"\n")
        )
        content += file.read_bytes()[at:]
    file.unlink()
    if how == 3:
        file.mkdir()
    elif how == 4:
        os.mkfifo(file)
    elif how == 5:
        file.symlink_to(Path("/etc/hostname"))
    elif how == 6:
        file.write_bytes(b"")
    else:
        file.write_bytes(content)


def a_received_run(rng: random.Random, place: Path) -> None:
    """Code and links lie in it; neither runs nor is followed."""
    from partialseg_trainer.errors import UserError
    from partialseg_trainer.runs import start, wait

    run, mine = _prepared(place), place / "mine.txt"
    mine.write_text("mine")
    for name in ("torch", "numpy", "json", "lightning", "partialseg_trainer", "sitecustomize"):
        (run.path / f"{name}.py").write_text(f"open({str(mine)!r}, 'w').write('code ran')")
    linked = rng.choice((*("train.log", ".lock", ".work.lock", "stop", "model", "metrics.csv"), ""))
    if linked:
        (run.path / linked).symlink_to(mine)
    try:
        start(run)
        check(not linked, f"a run with the link {linked} was started")
        run.stop_file.touch()
        wait(run, SECONDS)
    except UserError as error:
        check(linked and linked in str(error), f"it says: {error}")
    check(mine.read_text() == "mine", "a file beside the run was changed")


KINDS = (
    Kind("killed at a write", killed_at_a_write, 25),
    Kind("no room for a write", out_of_room, 12),
    Kind("killed at a moment", killed_at_a_moment, 6),
    Kind("two at once", two_at_once, 4),
    Kind("a copy is ended", a_copy_is_ended, 2),
    Kind("wrong clocks", wrong_clocks, 4),
    Kind("a changed file in the list", a_changed_file_is_listed, 30),
    Kind("a changed file when resumed", a_changed_file_is_named, 12),
    Kind("a received run", a_received_run, 5),
)

if __name__ == "__main__":
    sys.exit(main())
