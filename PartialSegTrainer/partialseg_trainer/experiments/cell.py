"""One cell from start to end: its dataset, its training, its predictions and their scores."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from ..errors import UserError
from ..evaluation import write_scores
from ..failures import explain_failure
from ..inference import load_model
from ..runs import RunState, read_status, wait
from ..runs.liveness import SILENCE_SECONDS
from ..training import prepare_run, train
from ..training.run.log import set_up_log
from ..volumes import write_labelmap
from .cell_folder import CellFolder, CellState, has_model
from .experiment import Experiment, Member
from .grid import Cell
from .scoring import score_scan

# Of a training whose computer was lost, it is known only then that it is over.
_LOST_AFTER_SECONDS = SILENCE_SECONDS + 30
_log = logging.getLogger(__name__)


def run_cell(folder: str, cell: Cell, _before: object = None) -> str | None:
    """Do what is left of a cell; returns why it failed, in a sentence, or None.

    `folder` is that of the experiment; `_before` is there for Dask, which first does the cells
    whose results stand in it. A training that was interrupted goes on from its last checkpoint.
    Nothing is raised: whoever runs the grid goes on with the other cells.
    """
    experiment = Experiment.open(folder)
    place = experiment.place(cell)
    if place.state is CellState.DONE:
        return None
    torch.set_num_threads(experiment.settings.threads)
    place.record_failure(None)
    try:
        with _logged(place.log_file):
            place.record_use(experiment.settings.methods[cell.method].use)
            for member in experiment.members(cell):
                _train(experiment, cell, member)
            _score(experiment, cell, place)
    except Exception as error:
        sentence = explain_failure(error)
        place.record_failure(sentence)
        return sentence
    return None


def _train(experiment: Experiment, cell: Cell, member: Member) -> None:
    """See that a member has its model; those of other cells are there, or these have failed."""
    run = member.run
    if member.cell != cell:
        if not has_model(run):
            raise UserError(f"The model of '{member.cell.method}' is not there; its cell failed.")
        return
    if not run.config_file.is_file():
        dataset = experiment.dataset(cell)
        prepare_run(
            run.path, experiment.settings.train_config(cell.method, dataset.folder, member.seed)
        )
    status = wait(run, timeout=_LOST_AFTER_SECONDS) if read_status(run).active else read_status(run)
    if status.state is not RunState.FINISHED:
        train(run)
    if read_status(run).state is RunState.STOPPED or not has_model(run):
        raise UserError("The training was stopped on request; run the experiment again to go on.")


def _score(experiment: Experiment, cell: Cell, place: CellFolder) -> None:
    """Segment and score every test scan; the scores of labels are written last."""
    models = [load_model(member.run.model) for member in experiment.members(cell)]
    mirror, scheme = experiment.settings.methods[cell.method].mirror, experiment.source.scheme
    device = experiment.settings.settings.get("device", "auto")
    place.predictions.mkdir(exist_ok=True)
    scores = {}
    for case in experiment.test_cases(cell):
        scores[case.name] = score_scan(
            case,
            experiment.truth(case),
            models,
            scheme,
            experiment.compared,
            device=device,
            mirror=mirror,
        )
        write_labelmap(place.prediction(case.name), scores[case.name].labelmap, scheme, table=True)
        _log.info("Scored %s", case.name)
    place.record_certainty(scores)
    write_scores(
        place.path,
        {scan: of_scan.labels for scan, of_scan in scores.items()},
        scheme,
        replace=True,
    )


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
