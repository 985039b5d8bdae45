"""A whole experiment: what is left of its grid, then its results."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from ..dataset.progress import Progress
from ..errors import UserError
from .cell_folder import CellState
from .cost import Cost, estimate
from .experiment import Experiment
from .grid import Cell
from .report import write_results
from .scheduling import OnDone, run_cells
from .settings import ExperimentSettings

if TYPE_CHECKING:
    from dask.distributed import Client

# Asked for workers when it is known for how many cells.
Connect = Callable[[int], "AbstractContextManager[Client]"]


@contextmanager
def planned(
    folder: str | Path, settings: ExperimentSettings, progress: Progress | None = None
) -> Iterator[tuple[Experiment, dict[Cell, Cost]]]:
    """The experiment, and what is left of it, with nothing written but in a temporary folder.

    Raises UserError as `Experiment.create` does.
    """
    with tempfile.TemporaryDirectory(prefix="partialseg-") as temporary:
        begun = Experiment.begun(folder)
        place = folder if begun else Path(temporary) / "experiment"
        experiment = Experiment.create(place, settings, progress)
        yield experiment, estimate(experiment, experiment.cells)


def run_experiment(
    folder: str | Path,
    settings: ExperimentSettings,
    connect: Connect,
    *,
    on_done: OnDone | None = None,
    progress: Progress | None = None,
) -> Experiment:
    """Run every cell that is not done, and write the results.

    Cells that failed before are tried again, trainings that were cut off go on from their last
    checkpoint, and where nothing is left to do, nothing is done. A cell that fails is kept as
    failed, and the others go on. Raises UserError as `Experiment.create` does, and when another
    process runs the experiment.
    """
    experiment = Experiment.create(folder, settings, progress)
    try:
        with FileLock(experiment.folder / ".run.lock", timeout=0):
            experiment.save()
            left = [
                cell
                for cell in experiment.cells
                if experiment.place(cell).state is not CellState.DONE
            ]
            if left:
                _run(experiment, left, connect, on_done)
            _write_what_is_new(experiment, new=bool(left))
    except Timeout:
        raise UserError(
            f"Another process runs the experiment in {experiment.folder}; wait for it."
        ) from None
    return experiment


def _run(
    experiment: Experiment, cells: list[Cell], connect: Connect, on_done: OnDone | None
) -> None:
    def tidy(cell: Cell, failure: str | None) -> None:
        same = [other for other in experiment.cells if other.dataset == cell.dataset]
        if all(experiment.place(other).state is CellState.DONE for other in same):
            # Prepared slices take far more space than the scans; they can be made again.
            shutil.rmtree(experiment.dataset_folder(cell) / ".cache", ignore_errors=True)
        if on_done:
            on_done(cell, failure)

    with connect(len(cells)) as client:
        run_cells(client, experiment, cells, tidy)


def _write_what_is_new(experiment: Experiment, new: bool) -> None:
    any_done = any(experiment.place(cell).state is CellState.DONE for cell in experiment.cells)
    if any_done and (new or not (experiment.folder / "report.html").is_file()):
        write_results(experiment)
