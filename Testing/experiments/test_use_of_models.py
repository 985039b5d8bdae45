"""A method may use the models of another, several at once, on mirrored scans, or more scans."""

import numpy as np
import pandas as pd
import pytest

from in_this_process import InThisProcess
from partialseg_trainer.dataset import Dataset
from partialseg_trainer.errors import UserError
from partialseg_trainer.experiments import CellState, Experiment, run_experiment
from partialseg_trainer.experiments.settings import checked_settings
from partialseg_trainer.models import read_info
from partialseg_trainer.volumes import read_volume

METHODS = {
    "plain": {"loss": "marginal_ce"},
    "mirrored": {"of": "plain", "mirror": True},
    "three": {"of": "plain", "ensemble": 3},
    "three, mirrored": {"of": "three", "mirror": True},
    "copies": {"loss": "marginal_ce", "copies": 2},
}


@pytest.fixture
def grown(content):
    content["methods"] = METHODS
    return content


def test_models_are_trained_once_and_used_by_every_method_of_them(tmp_path, grown, monkeypatch):
    settings = checked_settings(grown, "grid.yaml")
    done = run_experiment(tmp_path / "out", settings, InThisProcess(monkeypatch).connect)
    places = {cell.method: done.place(cell) for cell in done.cells}
    assert {place.state for place in places.values()} == {CellState.DONE}
    trained = {method: [run.path.name for run in place.begun] for method, place in places.items()}
    assert trained == {
        **{"plain": ["run"], "mirrored": [], "three": ["run-2", "run-3"]},
        **{"three, mirrored": [], "copies": ["run"]},
    }
    three = next(cell for cell in done.cells if cell.method == "three, mirrored")
    members = done.members(three)
    assert [member.cell.method for member in members] == ["plain", "three", "three"]
    assert len({member.seed for member in members}) == 3

    table = pd.read_csv(done.folder / "cells.csv")
    assert set(table["method"]) == set(METHODS)

    with pytest.raises(UserError, match="made with another mirror"):
        grown["methods"] = {**METHODS, "mirrored": {"of": "plain"}}
        Experiment.create(done.folder, checked_settings(grown, "grid.yaml"))
    with pytest.raises(UserError, match="made with another copies"):
        grown["methods"] = {**METHODS, "copies": {"loss": "marginal_ce"}}
        Experiment.create(done.folder, checked_settings(grown, "grid.yaml"))


def test_the_models_of_a_cell_that_failed_are_missed_by_name(tmp_path, grown, monkeypatch):
    grown["methods"] = {
        "broken": {"loss": "iuc", "initial_model": str(tmp_path / "no-model")},
        "mirrored": {"of": "broken", "mirror": True},
    }
    failures = {}
    run_experiment(
        tmp_path / "out",
        checked_settings(grown, "grid.yaml"),
        InThisProcess(monkeypatch).connect,
        on_done=lambda cell, failure: failures.update({cell.method: failure}),
    )
    assert "no-model" in failures["broken"]
    assert failures["mirrored"] == "The model of 'broken' is not there; its cell failed."


def test_copies_are_of_training_scans_alone_and_others_for_each_draw(tmp_path, grown):
    grown["draws"] = 2
    grid = Experiment.create(tmp_path / "out", checked_settings(grown, "grid.yaml"))
    cells = [cell for cell in grid.cells if cell.method == "copies"]
    drawn = []
    for cell in cells:
        dataset = grid.dataset(cell)
        assert isinstance(dataset, Dataset)
        # Three train and 04 validates.
        names = {"01", "02", "03"}
        copies = {f"{name}v{number}" for name in names for number in (1, 2)}
        assert set(dataset.subjects) == names | copies | {"04"}
        first = next(case for case in dataset.cases if case.subject == "01v1")
        drawn.append(read_volume(first.image_path).data)
    assert not np.array_equal(*drawn)


def test_a_cell_learns_from_all_contrasts_of_a_dataset_and_is_scored_with_them(
    tmp_path, content, scans, monkeypatch
):
    one = Dataset.open(scans)
    both = Dataset.create(tmp_path / "both", one.scheme, "both", ("T2w", "T1w"))
    for case in one.cases:
        image = case.image()
        images = {"T2w": image, "T1w": image.with_data(200 - image.data)}
        both.add_case(case.subject, images, case.label_sets(one.scheme), case.info.status)
    content["data"] = {"folder": str(both.folder)}
    content["methods"] = {"marginal": {"loss": "marginal_ce"}}
    content["settings"]["epochs"] = 1
    done = run_experiment(
        tmp_path / "out", checked_settings(content, "grid.yaml"), InThisProcess(monkeypatch).connect
    )
    (cell,) = done.cells
    assert done.place(cell).state is CellState.DONE
    assert done.dataset(cell).contrasts == ("T2w", "T1w")
    assert read_info(done.place(cell).begun[0].model).contrasts == ("T2w", "T1w")
    assert set(pd.read_csv(done.folder / "cells.csv")["method"]) == {"marginal"}
