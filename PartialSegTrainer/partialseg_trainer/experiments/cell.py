"""One cell from start to end: its dataset, its training, its predictions and their scores."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from ..errors import UserError
from ..evaluation import LabelScore, score, write_scores
from ..failures import explain_failure
from ..inference import load_model, segment
from ..runs import RunFolder, RunState, read_status, wait
from ..runs.status import SILENCE_SECONDS
from ..training import prepare_run, train
from ..training.log import set_up_log
from ..volumes import Volume, read_labelmap, write_volume
from .cell_folder import CellFolder, CellState
from .experiment import Experiment
from .grid import Cell

# Of a training whose computer was lost, it is known only then that it is over.
_LOST_AFTER_SECONDS = SILENCE_SECONDS + 30
_log = logging.getLogger(__name__)


def run_cell(folder: str, cell: Cell) -> str | None:
    """Do what is left of a cell; returns why it failed, in a sentence, or None.

    `folder` is that of the experiment. A training that was interrupted goes on from its last
    checkpoint. Nothing is raised: whoever runs the grid goes on with the other cells.
    """
    experiment = Experiment.open(folder)
    place = experiment.place(cell)
    if place.state is CellState.DONE:
        return None
    torch.set_num_threads(experiment.settings.threads)
    place.record_failure(None)
    try:
        with _logged(place.log_file):
            _train(_prepared(experiment, cell, place), place)
            write_scores(
                place.path, _scores(experiment, cell, place), experiment.source.scheme, replace=True
            )
    except Exception as error:
        sentence = explain_failure(error)
        place.record_failure(sentence)
        return sentence
    return None


def _prepared(experiment: Experiment, cell: Cell, place: CellFolder) -> RunFolder:
    if place.run.config_file.is_file():
        return place.run
    dataset = experiment.dataset(cell)
    config = experiment.settings.train_config(cell.method, dataset.folder, cell.training_seed)
    return prepare_run(place.run.path, config)


def _train(run: RunFolder, place: CellFolder) -> None:
    status = wait(run, timeout=_LOST_AFTER_SECONDS) if read_status(run).active else read_status(run)
    if status.state is not RunState.FINISHED:
        train(run)
    if read_status(run).state is RunState.STOPPED or not place.has_model:
        raise UserError("The training was stopped on request; run the experiment again to go on.")


def _scores(experiment: Experiment, cell: Cell, place: CellFolder) -> dict[str, list[LabelScore]]:
    """Segment and score every test scan."""
    model, scheme = load_model(place.run.model), experiment.source.scheme
    device = experiment.settings.settings.get("device", "auto")
    place.predictions.mkdir(exist_ok=True)
    scores = {}
    for case in experiment.test_cases(cell):
        image = case.image()
        labelmap = read_labelmap(segment(image, model, device=device).labelmap)
        write_volume(place.prediction(case.name), labelmap)
        truth = Volume(case.label_sets(scheme).labelmap(), image.affine)
        scores[case.name] = score(labelmap, truth, scheme)
        _log.info("Scored %s", case.name)
    return scores


@contextmanager
def _logged(path: Path) -> Iterator[None]:
    """Let the cell's log have what the engine says, tracebacks included, and nobody else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    set_up_log()
    engine = logging.getLogger(__name__.partition(".")[0])
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    propagated, engine.propagate = engine.propagate, False
    engine.addHandler(handler)
    try:
        yield
    except Exception:
        _log.exception("The cell failed")
        raise
    finally:
        engine.removeHandler(handler)
        engine.propagate = propagated
        handler.close()
