"""Cells as Dask tasks: on this computer, on a scheduler that runs somewhere, or through SLURM."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import UserError
from ..interpreter import SAFE_PATH
from ..networks.device import choose_device
from .cell import run_cell
from .experiment import Experiment
from .grid import Cell
from .settings import ExperimentSettings

if TYPE_CHECKING:
    from dask.distributed import Client, LocalCluster
    from dask_jobqueue import SLURMCluster

# Told of each cell that is over, and why it failed if it did.
OnDone = Callable[[Cell, str | None], None]


@contextmanager
def local_client(settings: ExperimentSettings, cells: int, workers: int | None) -> Iterator[Client]:
    """Workers on this computer, as many as cores allow, but one for a GPU.

    A worker that is killed is started anew, and its cell given out again.
    """
    distributed = _distributed()
    if workers is None:
        on_gpu = choose_device(settings.settings.get("device", "auto")).type != "cpu"
        workers = 1 if on_gpu else max(1, (os.cpu_count() or 1) // settings.threads)
    # Dask ends workers that pass a limit of memory; a training is better off with what there is.
    cluster: LocalCluster = distributed.LocalCluster(
        n_workers=min(workers, cells),
        threads_per_worker=1,
        processes=True,
        memory_limit=0,
        dashboard_address="127.0.0.1:0",
        silence_logs="ERROR",
        env=_environment(settings),
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


@contextmanager
def scheduler_client(address: str, timeout: float = 20) -> Iterator[Client]:
    """A Dask scheduler that runs already; its workers see the folders under the same paths.

    Raises UserError when nothing answers there for `timeout` seconds.
    """
    try:
        client = _distributed().Client(address, timeout=timeout)
    except (OSError, ValueError) as error:
        raise UserError(
            f"No Dask scheduler answers at {address} ({error}); start one with 'dask scheduler', "
            "or correct the address."
        ) from error
    with client:
        yield client


@contextmanager
def slurm_client(settings: ExperimentSettings) -> Iterator[Client]:
    """Jobs of SLURM, as the settings say; one that ends early is asked for again."""
    with slurm_cluster(settings) as cluster, _distributed().Client(cluster) as client:
        cluster.adapt(minimum_jobs=1, maximum_jobs=settings.slurm.jobs)
        yield client


def slurm_cluster(settings: ExperimentSettings) -> SLURMCluster:
    """A cluster whose jobs have one worker for one cell each; `job_script()` shows what is sent.

    Raises UserError when dask-jobqueue is not installed.
    """
    _distributed()
    try:
        from dask_jobqueue import SLURMCluster
    except ImportError:
        raise UserError(
            "SLURM needs the package dask-jobqueue; install 'partialseg-trainer[slurm]'."
        ) from None
    slurm = settings.slurm
    prologue = [f"export {name}={value}" for name, value in _environment(settings).items()]
    return SLURMCluster(
        cores=1,
        processes=1,
        job_cpu=settings.threads,
        memory=slurm.memory,
        walltime=slurm.walltime,
        queue=slurm.queue,
        account=slurm.account,
        job_extra_directives=list(slurm.job_extra_directives),
        job_script_prologue=[*prologue, *slurm.job_script_prologue],
        scheduler_options={"dashboard_address": None},
    )


def run_cells(
    client: Client, experiment: Experiment, cells: Sequence[Cell], on_done: OnDone | None = None
) -> None:
    """Run cells, the first of them first, and come back when all are over, well or not."""
    distributed = _distributed()
    futures: dict[Cell, Any] = {}
    for number, cell in enumerate(cells):
        others = [member.cell for member in experiment.members(cell)]
        before = [futures[other] for other in dict.fromkeys(others) if other in futures]
        futures[cell] = client.submit(
            *(run_cell, str(experiment.folder), cell, before),
            key=f"cell-{cell}",
            priority=-number,
            pure=False,
        )
    done_of = {future: cell for cell, future in futures.items()}
    for future in distributed.as_completed(list(done_of)):
        cell = done_of[future]
        failure = (
            future.result() if future.status == "finished" else _lost(future, experiment, cell)
        )
        if on_done:
            on_done(cell, failure)


def _lost(future: Any, experiment: Experiment, cell: Cell) -> str:
    """Record why a cell has no answer: it ended every worker that it was given to, say."""
    sentence = (
        f"Dask gave the cell up ({type(future.exception()).__name__}): the processes that worked "
        "on it were ended from outside, for lack of memory perhaps; run the experiment again to go "
        "on."
    )
    experiment.place(cell).record_failure(sentence)
    return sentence


def _environment(settings: ExperimentSettings) -> dict[str, str]:
    """What the process of a worker is told; a job of SLURM begins where it was handed in."""
    threads = str(settings.threads)
    return {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, **SAFE_PATH}


def _distributed() -> Any:
    try:
        import dask.distributed
    except ImportError:
        raise UserError(
            "Experiments need the package dask; install 'partialseg-trainer[experiments]'."
        ) from None
    return dask.distributed
