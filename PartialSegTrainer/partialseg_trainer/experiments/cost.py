"""What the cells that are left will cost: steps, times the seconds that a step takes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nibabel

from ..incoming import file_size
from ..losses import build_loss
from ..runs import list_runs, read_metrics
from ..volumes.nifti import placed
from ..volumes.preprocessing import AXES
from .cell_folder import CellState
from .experiment import Experiment
from .grid import Cell


@dataclass(frozen=True)
class Cost:
    """Of one cell: optimiser steps, at most, and seconds, None where not known.

    All stages of a strategy count, and all models of an ensemble; where each label has a network
    of its own, or a question of its own, a step counts once for each. A cell with the models of
    another method has none. Where seconds were measured, trainings that stopped early are in the
    measure. The scoring, which takes seconds, is left out.
    """

    steps: int
    seconds: float | None


def estimate(experiment: Experiment, cells: Sequence[Cell]) -> dict[Cell, Cost]:
    """What each cell that is not done will cost.

    A step takes as long as in the method's cells that are done already; or else, in those of
    methods with the same network on as large a batch; or else as `seconds_per_step` says.
    """
    pace = _measured(experiment)
    costs = {}
    for cell in cells:
        if experiment.place(cell).state is CellState.DONE:
            continue
        steps = _steps(experiment, cell)
        likely = (pace.get(key) for key in _kinds(experiment, cell))
        seconds = next(filter(None, likely), experiment.settings.seconds_per_step)
        costs[cell] = Cost(steps, None if steps and seconds is None else steps * (seconds or 0))
    return costs


def _measured(experiment: Experiment) -> dict[object, float]:
    """Seconds a step, by each of `_kinds`, of the cells that are done, validation included."""
    seconds, steps = defaultdict(float), defaultdict(int)
    for cell in experiment.cells:
        place = experiment.place(cell)
        if place.state is CellState.DONE and place.begun:
            runs = [run for own in place.begun for run in (own, *list_runs(own.stages))]
            for kind in _kinds(experiment, cell):
                seconds[kind] += sum(row["seconds"] for run in runs for row in read_metrics(run))
                steps[kind] += _steps(experiment, cell)
    return {kind: seconds[kind] / steps[kind] for kind in steps if steps[kind]}


def _kinds(experiment: Experiment, cell: Cell) -> tuple[object, object]:
    """Of what kind a cell's steps are, narrow and wide."""
    config = experiment.settings.train_config(cell.method, Path(), 0)
    return cell.method, (str(config.network), config.patch, config.batch_size)


def _steps(experiment: Experiment, cell: Cell) -> int:
    config = experiment.settings.train_config(cell.method, Path(), 0)
    strategy, scheme = config.chosen_strategy, experiment.source.scheme
    trainings = sum(member.cell == cell for member in experiment.members(cell)) * strategy.stages
    networks = 1 if strategy.outputs == "together" else len(scheme)
    slices = config.slices_per_epoch
    if slices is None:
        loss = build_loss(config.loss, scheme, **config.loss_options)
        full_only = loss.full_scans_only and not strategy.uses_partial
        subjects = {
            subject
            for subject, hidden in experiment.hidden(cell).items()
            if subject in experiment.split(cell).train and not (full_only and hidden)
        }
        slices = (1 + cell.copies) * sum(
            _slices(case.image_path, axis, config.preprocessing.spacing)
            for case in experiment.source.cases
            if case.subject in subjects
            for axis in config.preprocessing.axes
        )
    an_epoch = max(1, slices // config.thickness // config.batch_size)
    return trainings * networks * config.epochs * an_epoch


@cache
def _slices(image: Path, axis: str, spacing: float) -> int:
    """At most how many slices a scan has, from its header alone; empty space is cut off later."""
    file_size(image)
    header = nibabel.load(image)
    affine, _ = placed(header)
    towards = nibabel.io_orientation(affine)[:, 0].tolist()
    along = towards.index(AXES.index(axis))
    return math.ceil(header.shape[along] * nibabel.affines.voxel_sizes(affine)[along] / spacing)
