"""Where a run keeps its files, and where runs are kept."""

from __future__ import annotations

import datetime
import errno
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from ..errors import UserError
from ..files import atomic_folder, leftovers, plain_name, remove, write_json
from ..user_folders import expanded, user_data

_LOCK_SECONDS = 20
# To make a run takes less than a second.
_HALF_MADE_SECONDS = 3600
_FIRST_FILES = {"checkpoints", "config.json", "split.json"}


@dataclass(frozen=True)
class RunFolder:
    """The folder of one training; every process that deals with the run knows it by this alone."""

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", expanded(self.path).absolute())

    @classmethod
    def create(
        cls,
        path: str | os.PathLike,
        config: Mapping[str, Any],
        others: Mapping[str, Any] | None = None,
    ) -> RunFolder:
        """Make the folder, whole or not at all, with `config` as its config.json.

        `others` are the contents of other JSON files in it, by their names.

        Raises UserError when `path` exists and is not an empty folder, or cannot be written.
        """
        run = cls(Path(path))
        try:
            with atomic_folder(run.path) as temporary:
                _remove_half_made(temporary)
                (temporary / run.checkpoints.name).mkdir()
                for name, content in {run.config_file.name: dict(config), **(others or {})}.items():
                    write_json(temporary / name, content)
        except OSError as error:
            raise UserError(
                f"The run folder {run.path} cannot be made ({error.strerror}); "
                "choose a folder that you may write to, on a disk with free space."
            ) from error
        return run

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def config_file(self) -> Path:
        """The settings of the training; written once."""
        return self.path / "config.json"

    @property
    def status_file(self) -> Path:
        """How the training stands; only the training process and whoever starts it write it."""
        return self.path / "status.json"

    @property
    def work_lock_file(self) -> Path:
        """Locked by the training for as long as it lives (see `lock`)."""
        return self.path / ".work.lock"

    @property
    def identity(self) -> str:
        """The folder's number on the disk, which it keeps when it is moved and no copy of it has.

        The same for the processes of one computer only.
        """
        return str(os.stat(self.path).st_ino)

    @property
    def metrics_file(self) -> Path:
        """One row an epoch."""
        return self.path / "metrics.csv"

    @property
    def log_file(self) -> Path:
        """All that the training process prints, tracebacks included."""
        return self.path / "train.log"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def stages(self) -> Path:
        """Where the stages of a training lie that has several, each a run folder of its own."""
        return self.path / "stages"

    @property
    def model(self) -> Path:
        return self.path / "model"

    @property
    def stop_file(self) -> Path:
        """Its existence asks the training for a clean stop."""
        return self.path / "stop"

    def require(self) -> None:
        """Raise UserError unless this is a run's folder, with nothing but files and folders."""
        if self.path.is_dir():
            _refuse_what_is_no_file(self.path)
        if not self.config_file.is_file():
            raise UserError(
                f"{self.path} is not a run folder (it has no config.json); name the folder that a "
                "training made."
            )

    def require_plain(self) -> None:
        """Raise UserError when anything in the folder, however deep, is no file and no folder.

        Through a link a received run could have this user's own files read and written over.
        """
        self.require()
        for folder, _, _ in os.walk(self.path):
            _refuse_what_is_no_file(folder)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let no two processes take the run at once.

        Raises UserError when another process keeps the lock, or the folder cannot be written.
        """
        try:
            held = filelock.FileLock(self.path / ".lock").acquire(timeout=_LOCK_SECONDS)
        except filelock.Timeout:
            raise UserError(
                f"Another program is starting the run {self.name}; wait a moment and try again."
            ) from None
        except (NotImplementedError, OSError) as error:
            if not without_locks(error):
                raise UserError(
                    f"The run folder {self.path} cannot be written ({error.strerror}); "
                    "check its permissions and the disk."
                ) from error
            held = nullcontext()
        with held:
            yield


def _remove_half_made(newer: Path) -> None:
    """Remove the runs beside `newer` whose making was cut off long before this one's.

    By the clock of the disk that has both.
    """
    long_before = newer.stat().st_mtime - _HALF_MADE_SECONDS
    for path in leftovers(newer.parent):
        is_run = path.is_dir() and {inner.name for inner in path.iterdir()} <= _FIRST_FILES
        if is_run and path != newer and path.stat().st_mtime < long_before:
            remove(path)


def _refuse_what_is_no_file(folder: str | os.PathLike) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink() or _is_junction(entry):
                raise UserError(
                    f"{entry.path} is a link, and none is followed in a run folder; put the file "
                    "itself there, or remove the link."
                )
            if not (entry.is_file() or entry.is_dir()):
                raise UserError(
                    f"{entry.path} is a pipe or a device, and a run folder has only files; remove "
                    "it."
                )


def _is_junction(entry: os.DirEntry) -> bool:
    """Whether this is what Windows has beside links; Python asks from 3.12 on."""
    return sys.version_info >= (3, 12) and entry.is_junction()


def without_locks(error: Exception) -> bool:
    """Whether an error of a lock says that the file system has none."""
    errors = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
    return isinstance(error, NotImplementedError) or error.errno in errors


def default_root() -> Path:
    """The folder of this user's runs, where no other is named.

    Raises UserError for an account without a home.
    """
    return user_data() / "runs"


def new_run_path(name: str, root: str | os.PathLike | None = None) -> Path:
    """A free path `<root>/<date>-<name>`; what a folder's name cannot hold becomes "-"."""
    folder = default_root() if root is None else Path(root)
    first = folder / f"{datetime.date.today().isoformat()}-{plain_name(name, 'run')}"
    path, count = first, 1
    while path.exists():
        count += 1
        path = first.with_name(f"{first.name}-{count}")
    return path


def list_runs(root: str | os.PathLike | None = None) -> list[RunFolder]:
    """The runs under `root`, newest first; whatever else lies there is passed over."""
    folder = default_root() if root is None else Path(root)
    if not folder.is_dir():
        return []
    made: dict[RunFolder, int] = {}
    # What begins with a dot is a folder that is being made.
    for run in (RunFolder(path) for path in folder.iterdir() if path.name[0] != "."):
        # What has no config.json is no run; one may also be deleted in this moment.
        with suppress(OSError):
            made[run] = run.config_file.stat().st_mtime_ns
    return sorted(made, key=lambda run: (made[run], run.name), reverse=True)
