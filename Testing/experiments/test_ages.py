"""Preterm and term scans are told apart where the dataset says how old they are."""

import shutil

import pandas as pd
import pytest

from partialseg_trainer.dataset import Dataset
from partialseg_trainer.errors import UserError
from partialseg_trainer.experiments.ages import age_groups


@pytest.fixture
def dataset(scans, tmp_path):
    return Dataset.open(shutil.copytree(scans, tmp_path / "dataset"))


def with_ages(dataset, ages):
    file = dataset.folder / "participants.tsv"
    table = pd.read_csv(file, sep="\t")
    table["scan_age"] = table["participant_id"].map(ages)
    table.to_csv(file, sep="\t", index=False)
    return dataset


def test_the_age_of_a_scan_decides(dataset):
    ages = {"sub-01": 36.9, "sub-02": 37.0, "sub-03": 41.3}
    assert age_groups(with_ages(dataset, ages)) == {
        "sub-01": "preterm",
        "sub-02": "term",
        "sub-03": "term",
    }


def test_the_table_of_a_subjects_sessions_comes_first(dataset):
    shutil.move(dataset.folder / "sub-01" / "anat", dataset.folder / "sub-01" / "ses-a" / "anat")
    for file in (dataset.folder / "sub-01" / "ses-a" / "anat").iterdir():
        file.rename(file.with_name(file.name.replace("sub-01_", "sub-01_ses-a_")))
    sessions = dataset.folder / "sub-01" / "sub-01_sessions.tsv"
    sessions.write_text("session_id\tscan_age\nses-a\t31.4\n")
    found = age_groups(with_ages(dataset, {"sub-01": 40.0, "sub-02": 40.0}))
    assert found == {"sub-01_ses-a": "preterm", "sub-02": "term"}


def test_scans_of_one_kind_or_of_no_known_age_are_not_parted(dataset):
    assert age_groups(dataset) == {}
    assert age_groups(with_ages(dataset, {"sub-01": 40.0, "sub-02": 40.0})) == {}


def test_an_age_that_is_no_number_is_named(dataset):
    with pytest.raises(UserError, match=r"participants\.tsv: scan_age is no age.*young"):
        age_groups(with_ages(dataset, {"sub-01": "young"}))
