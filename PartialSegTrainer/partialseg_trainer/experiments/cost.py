"""What the cells that are left will cost: steps, times the seconds that a step takes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nibabel

from ..losses import build_loss
from ..runs import list_runs, read_metrics
from ..volumes.preprocessing import AXES
from .cell_folder import CellState
from .experiment import Experiment
from .grid import Cell


@dataclass(frozen=True)
class Cost:
    """Of one cell: the most optimiser steps of a stage, and seconds, None where not known.

    A strategy may have several stages. Where seconds were measured, all stages are in the measure,
    and so are trainings that stopped early; by `seconds_per_step` they are of one whole stage.
    """

    steps: int
    seconds: float | None


def estimate(experiment: Experiment, cells: Sequence[Cell]) -> dict[Cell, Cost]:
    """What each cell that is not done will cost.

    A step of a method takes as long as in its cells that are done already, or else as
    `seconds_per_step` says.
    """
    pace = _measured(experiment)
    costs = {}
    for cell in cells:
        if experiment.place(cell).state is CellState.DONE:
            continue
        steps = _steps(experiment, cell)
        seconds = pace.get(cell.method, experiment.settings.seconds_per_step)
        costs[cell] = Cost(steps, None if seconds is None else steps * seconds)
    return costs


def _measured(experiment: Experiment) -> dict[str, float]:
    """Seconds for each step of a method's cells that are done, validation and stages included."""
    seconds, steps = defaultdict(float), defaultdict(int)
    for cell in experiment.cells:
        place = experiment.place(cell)
        if place.state is CellState.DONE:
            trained = [place.run, *list_runs(place.run.path / "stages")]
            seconds[cell.method] += sum(
                row["seconds"] for run in trained for row in read_metrics(run)
            )
            steps[cell.method] += _steps(experiment, cell)
    return {method: seconds[method] / steps[method] for method in steps}


def _steps(experiment: Experiment, cell: Cell) -> int:
    config = experiment.settings.train_config(cell.method, Path(), 0)
    slices = config.slices_per_epoch
    if slices is None:
        full_only = build_loss(
            config.loss, experiment.source.scheme, **config.loss_options
        ).full_scans_only
        subjects = {
            subject
            for subject, hidden in experiment.hidden(cell).items()
            if subject in experiment.split(cell).train and not (full_only and hidden)
        }
        slices = sum(
            _slices(case.image_path, axis, config.preprocessing.spacing)
            for case in experiment.source.cases
            if case.subject in subjects
            for axis in config.preprocessing.axes
        )
    return config.epochs * max(1, slices // config.thickness // config.batch_size)


@cache
def _slices(image: Path, axis: str, spacing: float) -> int:
    """At most how many slices a scan has, from its header alone; empty space is cut off later."""
    header = nibabel.load(image)
    towards = nibabel.io_orientation(header.affine)[:, 0].tolist()
    along = towards.index(AXES.index(axis))
    return math.ceil(
        header.shape[along] * nibabel.affines.voxel_sizes(header.affine)[along] / spacing
    )
