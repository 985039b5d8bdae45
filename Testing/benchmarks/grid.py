"""A grid of experiments on Dask with two workers, against the sum of its cells.

    python Testing/benchmarks/grid.py [--output FOLDER] [--small]

The cells, trainings on phantoms and the scoring of their models, have one thread each. They are
run one after another in one process, by two plain processes with half of them each, and by Dask.
The figure is 2 x wall / sum, from the first cell given out to the last one back: 1 + overhead. The
plain processes tell how much of it is the machine's, where two cores are not twice one.

Before, every process does a small cell of its own: starting it, its imports and the scans that
cells share are told apart, since they cost the same however long the cells are.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from functools import partial
from pathlib import Path

from measuring import Report, parser
from partialseg_trainer.experiments import Experiment, local_client
from partialseg_trainer.experiments.cell import run_cell
from partialseg_trainer.experiments.grid import Cell
from partialseg_trainer.experiments.scheduling import run_cells
from partialseg_trainer.experiments.settings import ExperimentSettings, checked_settings
from partialseg_trainer.synthesis import synthesize_dataset

WORKERS = 2
WARM_UP = "warm-up"


def main() -> None:
    arguments = parser(__doc__).parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory(prefix="partialseg-") as temporary:
        folder = Path(temporary)
        synthesize_dataset(folder / "scans", subjects=5, full=5, spacing=3.0)
        settings = grid(folder / "scans", steps=4 if arguments.small else 100)
        made = partial(begun, folder, settings)
        one = in_processes(made("one"), 1)
        plain = in_processes(made("plain"), WORKERS)
        dask, starting = on_dask(made("dask"))
        cells = len(measured(made("one")))
    report = Report("grid", arguments.output)
    report.add(
        "grid on Dask, two workers",
        "the sum of its cells",
        WORKERS * dask / one,
        "<= 1.05",
        f"{cells} cells of {one / cells:.1f} s; before, {starting:.1f} s to start",
    )
    report.add("two plain processes", "the sum of the cells", WORKERS * plain / one)
    each = (dask - plain) * WORKERS / cells
    report.add(
        "grid on Dask, two workers",
        "two plain processes",
        dask / plain,
        "<= 1.05",
        f"{each * 1000:.0f} ms a cell",
    )
    report.finish()


def grid(scans: Path, steps: int) -> ExperimentSettings:
    """Three methods and two draws, and a small cell for each draw."""
    methods = {name: {"loss": name} for name in ("iuc", "marginal_ce", "huc")}
    content = {
        "name": "grid",
        "data": {"folder": str(scans)},
        "split": {"validation": ["004"], "test": ["005"]},
        "partial": [{"keep": ["tcv"]}],
        "full": [1],
        "draws": WORKERS,
        "methods": {**methods, WARM_UP: {"loss": "iuc", "steps": 2}},
        "steps": steps,
        "settings": {
            "preprocessing": {"spacing": 3.0},
            "network": {"width": 8, "depth": 3},
            "patch": [48, 48],
            "batch_size": 4,
            "epochs": 2,
            "device": "cpu",
        },
    }
    return checked_settings(content, "the benchmark's grid")


def begun(folder: Path, settings: ExperimentSettings, name: str) -> Experiment:
    experiment = Experiment.create(folder / name, settings)
    experiment.save()
    return experiment


def measured(experiment: Experiment) -> list[Cell]:
    return [cell for cell in experiment.cells if cell.method != WARM_UP]


def warm_ups(experiment: Experiment) -> list[Cell]:
    return [cell for cell in experiment.cells if cell.method == WARM_UP]


def in_processes(experiment: Experiment, count: int) -> float:
    """The seconds in which so many plain processes do the cells, all begun at the same moment."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(count + 1)
    processes = []
    for number in range(count):
        cells = warm_ups(experiment)[number::count], measured(experiment)[number::count]
        processes.append(context.Process(target=work, args=(experiment.folder, *cells, ready)))
        processes[-1].start()
    ready.wait()
    began = time.perf_counter()
    for process in processes:
        process.join()
    return time.perf_counter() - began


def work(
    folder: Path, first: list[Cell], cells: list[Cell], ready: multiprocessing.Barrier
) -> None:
    for cell in first:
        refuse_failure(cell, run_cell(str(folder), cell))
    ready.wait()
    for cell in cells:
        refuse_failure(cell, run_cell(str(folder), cell))
    # Ending an interpreter is no part of a cell.
    os._exit(0)


def on_dask(experiment: Experiment) -> tuple[float, float]:
    """The seconds in which Dask's workers do the cells, and those before, to start them."""
    began = time.perf_counter()
    with local_client(experiment.settings, len(experiment.cells), WORKERS) as client:
        workers = client.scheduler_info()["workers"]
        first = [
            client.submit(run_cell, str(experiment.folder), cell, workers=[worker], pure=False)
            for cell, worker in zip(warm_ups(experiment), workers, strict=True)
        ]
        client.gather(first)
        ready = time.perf_counter()
        run_cells(client, experiment, measured(experiment), on_done=refuse_failure)
        return time.perf_counter() - ready, ready - began


def refuse_failure(cell: Cell, failure: str | None) -> None:
    if failure:
        raise SystemExit(f"{cell}: {failure}")


if __name__ == "__main__":
    main()
