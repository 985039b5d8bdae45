"""The ranks of one training on this computer: started together, and ended together.

torchrun does as much, but its store listens on every network card, and it asks for this computer's
name on the network; here a file is where the ranks find each other, and loopback how they talk.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psutil
import torch
from torch import distributed

from ...interpreter import engine_process
from ...runs import RunFolder
from ...runs.processes import is_alive, kill_tree, start_time

_PREFIX = "PartialSeg-ranks-"
_FOLDER = "PARTIALSEG_RANKS"
_LAUNCHER = "PARTIALSEG_LAUNCHER"
# After one has failed, so that the first can still write why.
_LAST_WORDS_SECONDS = 20


def start_together(run: RunFolder, count: int) -> None:
    """Train the run in so many processes on this computer, and wait for them.

    Where one of them ends too early, the others are ended too. Raises SystemExit if one failed.
    """
    ranks: list[subprocess.Popen] = []
    _remove_folders_of_the_dead()
    temporary = tempfile.TemporaryDirectory(
        prefix=f"{_PREFIX}{os.getpid()}-", ignore_cleanup_errors=True
    )
    with temporary as folder, _passed_on(signal.SIGTERM, ranks):
        try:
            for rank in range(count):
                ranks.append(_start(run, rank, count, folder))
            _wait(ranks)
        finally:
            for process in ranks:
                kill_tree(process.pid)
                process.wait()
    if any(process.returncode for process in ranks):
        # The log has their own tracebacks already.
        raise SystemExit(1)


def local_store(count: int) -> distributed.Store | None:
    """Where the ranks that `start_together` started find each other; None for all others."""
    folder = os.environ.get(_FOLDER)
    return distributed.FileStore(os.path.join(folder, "store"), count) if folder else None


def end_with_launcher() -> None:
    """From now on, end this rank as soon as the process that started it has ended."""
    if _LAUNCHER not in os.environ:
        return
    pid, started = os.environ[_LAUNCHER].split()

    def watch() -> None:
        while is_alive(int(pid), float(started)):
            time.sleep(0.5)
        # Not sys.exit: the main thread may wait for other ranks, for a day.
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def talk_on_loopback() -> None:
    """Let the ranks of one computer connect on it alone, with no name looked up."""
    names = [
        name
        for name, addresses in psutil.net_if_addrs().items()
        if any(address.address == "127.0.0.1" for address in addresses)
    ]
    if names and sys.platform != "win32":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", names[0])
        os.environ.setdefault("NCCL_SOCKET_IFNAME", names[0])


def _remove_folders_of_the_dead() -> None:
    """What launchers that were killed have left; not their ranks, which may just be looking there.

    A store whose file is gone waits for it, and holds up the whole process.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdecimal() and start_time(int(pid)) is None:
            shutil.rmtree(folder, ignore_errors=True)


def _start(run: RunFolder, rank: int, count: int, folder: str) -> subprocess.Popen:
    own = engine_process()
    threads = str(max(1, torch.get_num_threads() // count))
    environment = {
        "OMP_NUM_THREADS": threads,
        **own["env"],
        # As torchrun has it, for Lightning to read.
        "TORCHELASTIC_RUN_ID": "local",
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "GROUP_RANK": "0",
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "GROUP_WORLD_SIZE": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": "0",
        _FOLDER: folder,
        _LAUNCHER: f"{os.getpid()} {start_time()}",
    }
    # Not what starts a process of the engine elsewhere: PythonSlicer would be between the two.
    command = [sys.executable, "-m", "partialseg_trainer.training", str(run.path)]
    return subprocess.Popen(command, cwd=own["cwd"], env=environment, stdin=subprocess.DEVNULL)


def _wait(ranks: Sequence[subprocess.Popen]) -> None:
    """Until all have ended, or one has failed and the others had time to notice."""
    end = None
    while any(process.poll() is None for process in ranks):
        if end is None and any(process.returncode for process in ranks):
            end = time.monotonic() + _LAST_WORDS_SECONDS
        if end is not None and time.monotonic() > end:
            return
        time.sleep(0.1)


@contextmanager
def _passed_on(number: signal.Signals, ranks: Sequence[subprocess.Popen]) -> Iterator[None]:
    """Let the ranks have a signal that comes: the first hears it, and all stop together."""

    def pass_on(number: int, frame: FrameType | None) -> None:
        for process in ranks:
            if process.poll() is None:
                process.send_signal(number)

    before = signal.signal(number, pass_on)
    try:
        yield
    finally:
        signal.signal(number, before)
