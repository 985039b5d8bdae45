"""`partialseg runs`: list, watch, stop and resume trainings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UserError
from .options import AsJson, RunsRoot
from .terminal import busy, counted, print_json, remark, say, show
from .watching import figures, how_to_go_on, status_as_json, watch_until_over

if TYPE_CHECKING:
    from ..runs import RunFolder, RunReading

app = typer.Typer(no_args_is_help=True, help="List, watch, stop and resume trainings.")

# In place of a state, where none can be read.
_DAMAGED = "damaged"

Run = Annotated[
    str | None,
    typer.Argument(
        help="A run's folder, or its name.", metavar="RUN", show_default="the newest run"
    ),
]


@app.command("list")
def list_(root: RunsRoot = None, as_json: AsJson = False) -> None:
    """List the runs, the newest first.

    Example:

        partialseg runs list
    """
    from ..runs import default_root, read_runs

    if root is not None and not root.is_dir():
        raise UserError(f"{root} is not a folder; give the folder that holds the runs.")
    readings = read_runs(root)
    if as_json:
        print_json([_as_json(reading) for reading in readings])
        return
    if not readings:
        say(
            f"There are no runs in {root or default_root()}; start one with 'partialseg train', or "
            "name another folder that holds runs with --root."
        )
        return
    from rich.table import Table

    table = Table("Run", "State", "Epoch", "Figures", "Message")
    for run, status, problem, _ in readings:
        if status is None:
            table.add_row(run.name, _DAMAGED, "", "", problem)
            continue
        epoch = f"{status.epoch or 0} / {status.epochs}" if status.epochs else ""
        table.add_row(run.name, status.state.value, epoch, figures(status), status.message)
    show(table)
    remark(f"Folder: {root or default_root()}", "dim")


def _as_json(reading: RunReading) -> dict[str, Any]:
    if reading.status is None:
        return {"run": str(reading.run.path), "state": _DAMAGED, "message": reading.problem}
    return status_as_json(reading.run, reading.status)


@app.command()
def watch(run: Run = None, root: RunsRoot = None, as_json: AsJson = False) -> None:
    """Watch a training until it ends; Ctrl-C leaves it at work.

    The exit code is 0 if the training finished, 1 if it failed or was stopped.

    Example:

        partialseg runs watch my-run
    """
    from ..runs import read_status

    folder = find_run(run, root)
    status = read_status(folder)
    if not status.active and not status.over:
        raise UserError(
            f"The run {folder.name} was not started; start it with 'partialseg runs resume "
            f"{folder.path}'."
        )
    watch_until_over(folder, as_json)


@app.command()
def stop(
    run: Run = None,
    root: RunsRoot = None,
    now: Annotated[
        bool,
        typer.Option("--now", help="End it at once; what came after the last epoch is lost."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Stop a training when its state is saved, and wait for that; it can be resumed.

    Example:

        partialseg runs stop my-run
    """
    from ..runs import kill, request_stop, wait

    folder = find_run(run, root)
    if now:
        kill(folder)
    else:
        request_stop(folder)
    with busy(f"Stopping {folder.name}"):
        status = wait(folder)
    if as_json:
        print_json(status_as_json(folder, status))
        return
    say(f"{folder.name} is {status.state.value}, after {counted(status.epoch or 0, 'epoch')}.")
    remark(f"To go on: partialseg runs resume {folder.path}", "dim")


@app.command()
def resume(
    run: Run = None,
    root: RunsRoot = None,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a stopped, failed or interrupted training go on from its last checkpoint.

    Example:

        partialseg runs resume my-run --detach
    """
    go(find_run(run, root), resuming=True, detach=detach, as_json=as_json)


def go(run: RunFolder, *, resuming: bool, detach: bool, as_json: bool) -> None:
    """Start a run's process, and watch it unless `detach`."""
    from ..runs import start

    status = start(run, resume=resuming)
    if not detach:
        watch_until_over(run, as_json)
    elif as_json:
        print_json(status_as_json(run, status))
    else:
        say(f"Started: {run.path}")
        remark(how_to_go_on(run), "dim")


def find_run(name: str | None, root: Path | None) -> RunFolder:
    """The run in the folder `name`, or of that name under `root`; the newest one for None.

    Raises UserError when there is no such run.
    """
    from ..runs import RunFolder, default_root, list_runs

    place = root or default_root()
    if name is None:
        newest = next(iter(list_runs(place)), None)
        if newest is None:
            raise UserError(f"There are no runs in {place}; name a run's folder, or --root.")
        return newest
    for path in (Path(name), place / name):
        if path.is_dir():
            run = RunFolder(path)
            run.require()
            return run
    raise UserError(
        f"There is no run '{name}', neither as a folder nor in {place}; 'partialseg runs list' "
        "shows what there is."
    )
