"""The content of a dataset, as the panel shows it."""

import numpy as np
import pytest

from partialseg_trainer.dataset import Dataset
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme, LabelSets, Status
from partialseg_trainer.volumes import Volume
from PartialSegLib.dataset.content import cases, isNewDataset


@pytest.fixture
def dataset(dhcp9, tmp_path):
    dataset = Dataset.create(tmp_path / "dataset", dhcp9, "A few scans")
    image = Volume(np.random.default_rng(0).normal(size=(4, 5, 6)).astype(np.float32), np.eye(4))
    status = {"tcv": Status.COMPLETE, "csf": Status.ABSENT}
    sets = LabelSets.from_masks(dhcp9, {"tcv": image.data > 0}, status)
    dataset.add_case("02", image, sets, status, session="1", annotator="ab")
    dataset.add_case("01", image, sets, status)
    return dataset.folder


def test_every_case_is_told_with_the_status_of_every_label(dataset, dhcp9):
    content = cases(dataset)
    assert (content.folder, content.name, content.scheme) == (dataset, "A few scans", dhcp9)
    assert [case.name for case in content.cases] == ["sub-01", "sub-02_ses-1"]
    case = content.cases[1]
    assert (case.subject, case.session, case.annotator) == ("02", "1", "ab")
    assert case.date.tzinfo is not None
    assert list(case.status) == list(dhcp9.names)
    assert case.status["tcv"] is Status.COMPLETE
    assert case.status["csf"] is Status.ABSENT
    assert case.status["wm"] is Status.NOT_ANNOTATED
    assert not case.fullyKnown


def test_a_case_that_cannot_be_read_does_not_hide_the_others(dataset):
    sidecar = next((dataset / "sub-01").rglob("*multilabel.json"))
    sidecar.write_text("{")
    content = cases(dataset)
    assert [case.name for case in content.cases] == ["sub-02_ses-1"]
    assert len(content.problems) == 1
    assert sidecar.name in content.problems[0]


def test_a_folder_that_is_no_dataset_is_refused(tmp_path):
    with pytest.raises(UserError, match="not a PartialSeg dataset"):
        cases(tmp_path)


def test_only_a_missing_or_an_empty_folder_becomes_a_dataset(tmp_path):
    assert isNewDataset(tmp_path)
    assert isNewDataset(tmp_path / "missing")
    file = tmp_path / "file"
    file.touch()
    assert not isNewDataset(tmp_path)
    assert not isNewDataset(file)


def test_schemes_agree_whatever_their_titles_but_not_with_another_tree(dhcp9):
    renamed = dhcp9.to_dict()
    renamed["labels"][0]["title"] = "another title"
    assert dhcp9.has_labels_of(LabelScheme.from_dict(renamed))
    flat = dhcp9.to_dict()
    parent = next(label for label in flat["labels"] if label.get("children"))
    flat["labels"] += parent.pop("children")
    parent.pop("exhaustive")
    assert not dhcp9.has_labels_of(LabelScheme.from_dict(flat))
    assert not dhcp9.has_labels_of(LabelScheme.load("brainstem"))
