"""Work of the engine in a process of its own, for as long as this Slicer is open.

A job is fed and watched in small steps (`poll`), so that whoever holds the event loop stays free;
`wait` does the same without one. Trainings, which outlive Slicer, are runs and no jobs.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from partialseg_trainer.errors import UserError
from partialseg_trainer.interpreter import engine_command, engine_process
from partialseg_trainer.jobs import JobFolder

from .steps import Steps


class JobFailed(UserError):
    """A job ended without a result; `details` holds what it said beyond the message."""

    def __init__(self, message: str, details: Mapping[str, Any]):
        super().__init__(message)
        self.details = dict(details)


class Job:
    """One job of `partialseg_trainer.jobs`, from its arrays to its result.

    `arrays` gives (name, array) pairs and may be a generator: each `poll` takes one, until all are
    written and the process starts. `onProgress` gets what the process last reported (keys stage,
    fraction, eta_seconds), `onFinished` the result and the folder, where its arrays are until
    the function returns, `onFailed` a JobFailed. None of them is called once the job is cancelled.

    What takes long of bringing a result into the scene is `load`: it gets result and folder, and
    each `poll` does one of its steps. `onFinished` then gets what they return instead.
    """

    def __init__(
        self,
        kind: str,
        request: Mapping[str, Any],
        arrays: Iterable[tuple[str, np.ndarray]] = (),
        *,
        load: Callable[[dict[str, Any], JobFolder], Steps[Any]] | None = None,
        onProgress: Callable[[dict[str, Any]], object] | None = None,
        onFinished: Callable[..., object] | None = None,
        onFailed: Callable[[JobFailed], object] | None = None,
    ) -> None:
        self.kind = kind
        self.over = False
        self._request = dict(request)
        self._arrays = iter(arrays)
        self._load = load
        self._loading: Steps[Any] | None = None
        self._onProgress = onProgress
        self._onFinished = onFinished
        self._onFailed = onFailed
        self._process: subprocess.Popen | None = None
        self._reported: dict[str, Any] | None = None
        self.folder: JobFolder | None = None
        # Whoever polls may have something to do before a message waits for the user.
        self.tellFailure: Callable[[Callable[[], object]], object] = lambda tell: tell()

    def poll(self) -> bool:
        """Do the next small step and return whether the job is over."""
        if self.over:
            return True
        try:
            if self._process is None:
                self._feed()
            elif self._loading is not None:
                self._loadOn()
            elif self._process.poll() is None:
                self._tell()
            else:
                self._conclude()
        except Exception as error:
            # A job that cannot go on must not leave its process and files behind.
            self.cancel()
            if not isinstance(error, UserError) or self._onFailed is None:
                raise
            details = error.details if isinstance(error, JobFailed) else {}
            self.tellFailure(partial(self._onFailed, JobFailed(str(error), details)))
        return self.over

    def wait(self) -> None:
        """Work until the job is over; for use without an event loop.

        Raises JobFailed when it failed and there is no `onFailed`.
        """
        while not self.poll():
            if self._process is not None and self._loading is None:
                time.sleep(0.05)

    def cancel(self) -> None:
        """End the process with all that it started, and remove the folder, unless it is over."""
        if self.over:
            return
        self.over = True
        if self._loading is not None:
            # What the steps have begun they take back.
            self._loading.close()
        if self._process is not None and self._process.poll() is None:
            _endTree(self._process)
        self._clear()

    def _feed(self) -> None:
        """Write one array, or start the process when there is none left."""
        if self.folder is None:
            self.folder = JobFolder(Path(tempfile.mkdtemp(prefix="PartialSeg-")))
            self.folder.write_request(self._request)
        entry = next(self._arrays, None)
        if entry is not None:
            self.folder.write_array(*entry)
            return
        with open(self.folder.log_file, "ab") as log:
            self._process = subprocess.Popen(
                engine_command("jobs", self.kind, str(self.folder.path), *_here()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **engine_process(),
            )

    def _tell(self) -> None:
        report = self.folder.progress()
        if report != self._reported:
            self._reported = report
            if self._onProgress is not None:
                self._onProgress(report)

    def _conclude(self) -> None:
        result, error = self.folder.result(), self.folder.error()
        if result is None:
            raise _failure(self.folder, error)
        if self._load is None:
            self._finish(result, self.folder)
        else:
            self._loading = self._load(result, self.folder)

    def _loadOn(self) -> None:
        try:
            next(self._loading)
        except StopIteration as end:
            self._finish(end.value)

    def _finish(self, *found: Any) -> None:
        self.over = True
        try:
            if self._onFinished is not None:
                self._onFinished(*found)
        finally:
            self._clear()

    def _clear(self) -> None:
        if self.folder is not None:
            # On Windows a mapped array may keep its file for a moment; the system clears the rest.
            shutil.rmtree(self.folder.path, ignore_errors=True)


def _here() -> list[str]:
    """The working directory, from which the request may name files; none if it was removed."""
    try:
        return [os.getcwd()]
    except FileNotFoundError:
        return []


def _failure(folder: JobFolder, error: dict[str, Any] | None) -> JobFailed:
    if error is not None:
        return JobFailed(error.pop("message"), error)
    log = folder.log_file.read_text(encoding="utf-8", errors="replace")
    return JobFailed(
        "The background process ended without a result (it was ended from outside, the memory ran "
        "out, or a package does not load); close other programs and try again. The details have "
        "what it printed last.",
        {"log": log[-4000:]},
    )


def _endTree(process: subprocess.Popen) -> None:
    """End a process and its children. PythonSlicer is a launcher: its child does the work."""
    if sys.platform == "win32":
        subprocess.run(
            ["taskkill", "/T", "/F", "/PID", str(process.pid)],
            capture_output=True,
            creationflags=subprocess.CREATE_NO_WINDOW,
        )
    else:
        # Where only zombies are left of a group, macOS says that it may not be ended; and a process
        # that ends in this moment leaves none.
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
