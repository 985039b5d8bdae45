"""Watch a training from the terminal; it does not depend on who watches it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from ..plain_text import printable
from .failures import ExitCode
from .terminal import counted, print_json, remark, remarks, say

if TYPE_CHECKING:
    from ..runs import RunFolder, RunStatus

    OnUpdate = Callable[[RunStatus], None]

_FIGURES = {"training_loss": "loss", "validation_loss": "validation", "validation_dice": "Dice"}


def watch_until_over(run: RunFolder, as_json: bool = False) -> None:
    """Show how a run goes until it is over, and how it ended.

    Raises typer.Exit with PROBLEMS unless the training finished. On Ctrl-C the training goes on.
    """
    from ..runs import wait

    try:
        with _shown(run) as on_update:
            status = wait(run, on_update=on_update)
    except KeyboardInterrupt:
        remark("")
        remark(f"The training goes on. {how_to_go_on(run)}")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    report(run, status, as_json)


def report(run: RunFolder, status: RunStatus, as_json: bool) -> None:
    """Say how a run ended. Raises typer.Exit with PROBLEMS unless the training finished."""
    from ..runs import RunState

    if as_json:
        print_json(status_as_json(run, status))
    elif status.state is RunState.FINISHED:
        say(
            f"Finished after {counted(status.epoch or 0, 'epoch')}. The model is in {run.model}",
            "green",
        )
        remark(f"Next: partialseg segment SCAN.nii.gz -o OUT.nii.gz --model {run.model}", "dim")
    elif status.state is RunState.STOPPED:
        say(f"Stopped after {counted(status.epoch or 0, 'epoch')}.", "yellow")
        remark(f"To go on: partialseg runs resume {run.path}", "dim")
    else:
        remark(f"Error: {status.message}", "red")
        remark(f"Log: {run.log_file}", "dim")
    if status.state is not RunState.FINISHED:
        raise typer.Exit(ExitCode.PROBLEMS)


def how_to_go_on(run: RunFolder) -> str:
    """What to do with a training that is at work."""
    return (
        f"Watch it with 'partialseg runs watch {run.path}', "
        f"stop it with 'partialseg runs stop {run.path}'."
    )


def status_as_json(run: RunFolder, status: RunStatus) -> dict[str, Any]:
    """A run's status with its place, and its model's where there is one."""
    model = str(run.model) if run.model.is_dir() else None
    return {"run": str(run.path), "model": model, **status.model_dump(mode="json")}


def figures(status: RunStatus) -> str:
    """The metrics in words: `loss 0.918, validation 0.767, Dice 0.452`."""
    shown = ((word, status.metrics.get(name)) for name, word in _FIGURES.items())
    return ", ".join(f"{word} {value:.3f}" for word, value in shown if value is not None)


@contextmanager
def _shown(run: RunFolder) -> Iterator[OnUpdate]:
    """Yield what shows each new status: a bar, or a line an epoch where there is no terminal."""
    console = remarks()
    if not console.is_terminal:
        yield _lines()
        return
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=12),
        TextColumn("{task.fields[details]}", markup=False),
    )
    remark(f"Run {run.path}", "dim")
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("", total=None, details="")
        yield lambda status: bars.update(
            task,
            description=_stage(status),
            completed=status.epoch or 0,
            total=status.epochs,
            details=_details(status),
        )


def _lines() -> OnUpdate:
    last = None

    def print_if_new(status: RunStatus) -> None:
        nonlocal last
        # The count in "preparing scan 3 of 80" is no new stage.
        # How long it will take is said as soon as it is known.
        now = (re.sub(r"\d+", "", _stage(status)), status.epoch, status.eta_seconds is None)
        if now != last and not status.over:
            remark(", ".join(part for part in (_stage(status), _details(status)) if part))
        last = now

    return print_if_new


def _stage(status: RunStatus) -> str:
    return printable(status.stage or status.state.value)


def _details(status: RunStatus) -> str:
    parts = []
    if status.epoch is not None and status.epochs:
        parts.append(f"epoch {status.epoch}/{status.epochs}")
    if status.eta_seconds is not None:
        parts.append(f"{_duration(status.eta_seconds)} left")
    parts.append(figures(status))
    return ", ".join(part for part in parts if part)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
