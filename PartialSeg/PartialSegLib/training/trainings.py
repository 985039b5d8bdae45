"""Trainings: checked in a job, and from then on processes that outlive Slicer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..engine.jobs import Job, JobFailed

if TYPE_CHECKING:
    from partialseg_trainer.runs import RunFolder

    from ..engine.jobs import JobFolder


def trainJob(
    settings: Mapping[str, Any],
    *,
    run: str | Path | None = None,
    onProgress: Callable[[dict[str, Any]], object] | None = None,
    onFinished: Callable[[RunFolder], object] | None = None,
    onFailed: Callable[[JobFailed], object] | None = None,
) -> Job:
    """A job that checks a training; at its end this is started, and `onFinished` gets its folder.

    `settings` are fields of the engine's TrainConfig; `dataset` has to be there, the others keep
    their defaults where left out. `run` is the folder to make, a new one of the user's if None.
    While the job can be cancelled, no training has begun.
    """

    def finished(result: Mapping[str, Any], folder: JobFolder) -> None:
        # Here as below, because it needs packages that Slicer may lack.
        from partialseg_trainer.runs import RunFolder, start

        prepared = RunFolder(Path(result["run"]))
        start(prepared)
        if onFinished is not None:
            onFinished(prepared)

    request = {"config": dict(settings), "run": None if run is None else str(run)}
    return Job("train", request, onProgress=onProgress, onFinished=finished, onFailed=onFailed)


def train(settings: Mapping[str, Any], run: str | Path | None = None) -> RunFolder:
    """The same as `trainJob`, waiting until the training is started; for scripts.

    Raises JobFailed, which says what does not fit.
    """
    started: list[RunFolder] = []
    trainJob(settings, run=run, onFinished=started.append).wait()
    return started[0]


def resume(run: RunFolder) -> None:
    """Let a run go on from its last checkpoint.

    Raises UserError when it is at work, or finished.
    """
    from partialseg_trainer.runs import start

    start(run, resume=True)


def stop(run: RunFolder, now: bool = False) -> None:
    """Ask a training to stop when its state is saved, or end it at once with `now`.

    Raises UserError when the run is not at work, or is to be ended but on another computer.
    """
    from partialseg_trainer.runs import kill, request_stop

    if now:
        kill(run)
    else:
        request_stop(run)
