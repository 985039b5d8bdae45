"""A prepared run, and a way to wait for what another process does."""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from partialseg_trainer.errors import UserError
from partialseg_trainer.runs import RunFolder, kill, read_status

SMALL_TRAINING = Path(__file__).with_name("small_training.py")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunFolder]:
    """A run that is prepared and not started; whatever a test leaves at work is ended."""
    folder = RunFolder.create(tmp_path / "2026-01-02-test", {"epochs": 5})
    yield folder
    with contextlib.suppress(UserError):  # a status that the test damaged
        left = read_status(folder)
        if left.active and not left.elsewhere and left.pid != os.getpid():
            kill(folder)


@pytest.fixture
def command(run: RunFolder) -> Callable[[str], list[str]]:
    """The command of a small training of `run` that behaves in the given manner."""
    return lambda manner: [sys.executable, str(SMALL_TRAINING), str(run.path), manner]


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait until `condition` holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture(name="until")
def until_fixture() -> Callable[..., None]:
    return until
