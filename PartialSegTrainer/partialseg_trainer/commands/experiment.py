"""`partialseg experiment`: a grid of trainings from one file, and a report on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UserError
from .failures import ExitCode
from .options import AsJson
from .terminal import counted, print_json, progress_bar, remark, say, show

if TYPE_CHECKING:
    from ..experiments import Cell, Cost, Experiment


def experiment(
    file: Annotated[
        str,
        typer.Argument(
            help="A YAML file, or a preset: atlas, atlas-blocks, elsewhere, paper, phantoms.",
            metavar="FILE",
        ),
    ],
    output: Annotated[
        Path, typer.Option(help="Folder of the experiment, new or to go on in.", metavar="DIR")
    ],
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of the scans, in place of the file's.", metavar="DIR"),
    ] = None,
    test: Annotated[
        Path | None,
        typer.Option(help="Folder of scans from elsewhere to test on.", metavar="DIR"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Trainings at a time on this computer.",
            min=1,
            metavar="N",
            show_default="what the cores allow; one on a GPU",
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(help="A Dask scheduler that runs already.", metavar="tcp://HOST:PORT"),
    ] = None,
    slurm: Annotated[
        bool, typer.Option("--slurm", help="Run the cells as jobs of SLURM, as the file says.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the grid and what it costs; run nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train and score every cell of a grid: methods x amounts of full scans x draws x seeds.

    A cell that is done is never done again, and one that was cut off goes on from its last
    checkpoint, so the same command continues an experiment. Cells that fail are named, and the
    others go on; the exit code is 1 then. The folder gets cells.csv, tables/ (CSV, Markdown, LaTeX)
    and report.html.

    Examples:

        partialseg experiment phantoms --output results --dry-run
        partialseg experiment atlas --data scans/spina-bifida-atlas --output results --workers 2
        partialseg experiment elsewhere --data atlas-1 --test atlas-2 --output results
        partialseg experiment my-grid.yaml --output results --scheduler tcp://node1:8786
    """
    if sum((workers is not None, scheduler is not None, slurm)) > 1:
        raise UserError("--workers, --scheduler and --slurm exclude each other; give one of them.")

    from .. import experiments

    settings = experiments.read_experiment(file, data, test)
    if dry_run:
        with (
            progress_bar("Preparing scans") as advance,
            experiments.planned(output, settings, advance) as (planned, costs),
        ):
            _show_plan(planned, costs, as_json)
        return

    def connect(cells: int) -> Any:
        remark(f"{counted(cells, 'cell')} to do")
        if scheduler is not None:
            return experiments.scheduler_client(scheduler)
        if slurm:
            return experiments.slurm_client(settings)
        return experiments.local_client(settings, cells, workers)

    with progress_bar("Preparing scans") as advance:
        done = experiments.run_experiment(
            output, settings, connect, on_done=_tell, progress=advance
        )
    _show_done(done, as_json)
    if any(done.place(cell).failure for cell in done.cells):
        raise typer.Exit(ExitCode.PROBLEMS)


def _tell(cell: Cell, failure: str | None) -> None:
    remark(f"Failed: {cell}: {failure}" if failure else f"Done: {cell}", "red" if failure else None)


def _of_cell(cell: Cell) -> dict[str, Any]:
    return {
        "method": cell.method,
        "fraction": cell.amount,
        "full_subjects": cell.full,
        "draw": cell.draw,
        "seed": cell.seed,
    }


def _show_plan(planned: Experiment, costs: dict[Cell, Cost], as_json: bool) -> None:
    known = [cost.seconds for cost in costs.values() if cost.seconds is not None]
    steps = sum(cost.steps for cost in costs.values())
    seconds = sum(known) if len(known) == len(costs) else None
    if as_json:
        cells = [
            {
                **_of_cell(cell),
                "state": planned.place(cell).state.value,
                "steps": costs[cell].steps if cell in costs else 0,
                "seconds": costs[cell].seconds if cell in costs else 0,
            }
            for cell in planned.cells
        ]
        print_json(
            {
                "experiment": planned.settings.name,
                "training_subjects": len(planned.splits[0].train),
                "cells": cells,
                "steps": steps,
                "seconds": seconds,
            }
        )
        return
    from rich.table import Table

    table = Table("Method", "Full", "Draw", "Seed", "State", "Steps", "Time")
    for cell in planned.cells:
        cost = costs.get(cell)
        table.add_row(
            cell.method,
            cell.amount,
            str(cell.draw),
            str(cell.seed),
            planned.place(cell).state.value,
            str(cost.steps) if cost else "",
            _time(cost.seconds) if cost else "",
        )
    show(table)
    for split in planned.splits:
        train, validation, test = map(len, split)
        elsewhere = planned.settings.test
        tested = f"{test} test" if elsewhere is None else f"scans of {elsewhere.folder} test"
        say(f"{train} subjects train, {validation} validate and {tested}.")
    if not costs:
        say("Nothing is left to do.")
        return
    say(
        f"{counted(len(costs), 'cell')} to do, at most {steps} steps: "
        + (
            f"{_time(seconds)} of one worker."
            if seconds is not None
            else "how long is known when a cell of each method is done, or seconds_per_step given."
        )
    )


def _show_done(done: Experiment, as_json: bool) -> None:
    from ..experiments import CellState

    states = [(cell, done.place(cell)) for cell in done.cells]
    report = done.folder / "report.html"
    if as_json:
        cells = [
            {**_of_cell(cell), "state": place.state.value, "failure": place.failure or None}
            for cell, place in states
        ]
        print_json(
            {
                "experiment": done.settings.name,
                "folder": str(done.folder),
                "cells": cells,
                "report": str(report) if report.is_file() else None,
            }
        )
        return
    finished = sum(place.state is CellState.DONE for _, place in states)
    say(f"{finished} of {counted(len(states), 'cell')} are done.")
    for cell, place in states:
        if place.failure:
            say(f"Failed: {cell}: {place.failure}", "yellow")
    if report.is_file():
        say(f"Report: {report}")


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"
