"""Cells may be tested on scans from elsewhere, and settings say which subjects stay full."""

import numpy as np
import pandas as pd
import pytest

from in_this_process import InThisProcess
from partialseg_trainer.dataset import Dataset
from partialseg_trainer.errors import UserError
from partialseg_trainer.experiments import Experiment, run_experiment
from partialseg_trainer.experiments.settings import checked_settings
from partialseg_trainer.labels import LabelScheme, LabelSets, Status
from partialseg_trainer.volumes import Volume


@pytest.fixture
def elsewhere(tmp_path, scans):
    """Two of the scans in a scheme of other values that tells one part less."""
    content = LabelScheme.load("brainstem").to_dict()
    (parent,) = content["labels"]
    parent["value"] = 40
    parent["exhaustive"] = False
    parent["children"] = parent["children"][:2]
    for value, child in enumerate(parent["children"], 11):
        child["value"] = value
    scheme = LabelScheme.from_dict(content)
    dataset = Dataset.create(tmp_path / "elsewhere", scheme, "elsewhere")
    for case in Dataset.open(scans).cases[:2]:
        labelmap = case.label_sets(LabelScheme.load("brainstem")).labelmap()
        names = {label.value: label.name for label in LabelScheme.load("brainstem")}
        values = {0: 0} | {
            value: scheme[name].value if name in scheme.names else 40
            for value, name in names.items()
        }
        there = np.vectorize(values.get)(labelmap).astype(np.uint8)
        masks = {name: scheme.mask(there, name) for name in scheme.names}
        status = dict.fromkeys(scheme.names, Status.COMPLETE)
        sets = LabelSets.from_masks(scheme, masks, status)
        image = case.image()
        dataset.add_case(f"x{case.subject}", Volume(image.data, image.affine), sets, status)
    return dataset


@pytest.fixture
def settings(content, elsewhere):
    """A grid that trains on all six scans, the fourth of them full, and tests elsewhere."""
    del content["split"]
    return checked_settings(
        {
            **content,
            "split": {},
            "test": {"folder": str(elsewhere.folder), "subjects": ["x02"]},
            "full_subjects": [["04"]],
        },
        "grid.yaml",
    )


def test_cells_are_scored_on_the_scans_from_elsewhere_in_the_labels_that_both_know(
    tmp_path, settings, elsewhere, monkeypatch
):
    done = run_experiment(tmp_path / "out", settings, InThisProcess(monkeypatch).connect)
    table = pd.read_csv(done.folder / "cells.csv", dtype={"subject": str})
    assert set(table["scan"]) == {"sub-x02"} and set(table["subject"]) == {"x02"}
    assert set(table["label"]) == set(elsewhere.scheme.names)
    assert "scans from elsewhere" in (done.folder / "report.html").read_text(encoding="utf-8")


def test_the_truth_is_told_in_the_values_of_the_scans_that_train(tmp_path, settings, scans):
    experiment = Experiment.create(tmp_path / "out", settings)
    (case,) = experiment.test_cases(experiment.cells[0])
    brainstem = LabelScheme.load("brainstem")
    original = Dataset.open(scans).cases[1].label_sets(brainstem).labelmap()
    lost = brainstem["medulla"].value
    expected = np.where(original == lost, brainstem["brainstem"].value, original)
    np.testing.assert_array_equal(experiment.truth(case).data, expected)


def test_the_subjects_that_are_named_stay_full(tmp_path, settings):
    experiment = Experiment.create(tmp_path / "out", settings)
    cell = experiment.cells[0]
    hidden = experiment.hidden(cell)
    assert [subject for subject, labels in hidden.items() if not labels] == ["04"]
    dataset = experiment.dataset(cell)
    assert [case.subject for case in dataset.cases if case.info.fully_known] == ["04"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"full_subjects": [["09"]]}, "full_subjects names 09"),
        ({"test": {"folder": "FOLDER", "subjects": ["x09"]}}, "test names the subjects x09"),
    ],
)
def test_subjects_that_are_not_there_are_named(tmp_path, settings, elsewhere, change, message):
    if "test" in change:
        change["test"]["folder"] = str(elsewhere.folder)
    changed = checked_settings({**settings.model_dump(), **change}, "grid.yaml")
    with pytest.raises(UserError, match=message):
        Experiment.create(tmp_path / "out", changed)


def test_a_split_without_a_test_needs_scans_from_elsewhere(content):
    with pytest.raises(UserError, match="names no subject to test"):
        checked_settings({**content, "split": {"validation": ["04"]}}, "grid.yaml")
