"""Experiments: a grid of trainings from one YAML file, run on Dask, with tests and a report."""

from .cell_folder import CellFolder, CellState
from .cost import Cost, estimate
from .experiment import Experiment
from .grid import Cell, expand
from .reading import preset_names, read_experiment
from .report import write_results
from .results import collect
from .run import planned, run_experiment
from .scheduling import local_client, scheduler_client, slurm_client, slurm_cluster
from .settings import ExperimentSettings

__all__ = [
    "Cell",
    "CellFolder",
    "CellState",
    "Cost",
    "Experiment",
    "ExperimentSettings",
    "collect",
    "estimate",
    "expand",
    "local_client",
    "planned",
    "preset_names",
    "read_experiment",
    "run_experiment",
    "scheduler_client",
    "slurm_client",
    "slurm_cluster",
    "write_results",
]
