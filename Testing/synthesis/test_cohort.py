"""A dataset of phantoms holds what was asked for, and hides only what lies in the cerebrum."""

import numpy as np
import pytest

from partialseg_trainer.dataset import Dataset, check_dataset
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme, Status
from partialseg_trainer.synthesis import make_phantom, synthesize_dataset

SCHEME = LabelScheme.load("dhcp9")
COARSE = {"spacing": 3.0}
CHILDREN = ("cgm", "wm", "dgm")


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    calls = []
    folder = tmp_path_factory.mktemp("phantoms") / "cohort"
    dataset = synthesize_dataset(
        folder, subjects=4, full=1, seed=2, progress=lambda *call: calls.append(call), **COARSE
    )
    return dataset, calls


def partial_cases(dataset):
    return [case for case in dataset.cases if not case.info.fully_known]


def test_as_many_subjects_are_written_as_asked_for_and_so_many_fully_labelled(cohort):
    dataset, calls = cohort
    assert [case.subject for case in dataset.cases] == ["001", "002", "003", "004"]
    assert len(partial_cases(dataset)) == 3
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert check_dataset(dataset.folder) == []


def test_children_are_unknown_just_inside_the_cerebrum(cohort):
    dataset, _ = cohort
    for case in partial_cases(dataset):
        sets = case.label_sets(SCHEME)
        cerebrum = sets.value_of("tcv")
        assert set(np.unique(cerebrum)) == {0, 1}
        for name in CHILDREN:
            np.testing.assert_array_equal(sets.value_of(name), 2 * cerebrum)
            assert case.info.status[name] is Status.NOT_ANNOTATED
        assert case.info.status["tcv"] is Status.COMPLETE


def test_what_is_known_is_the_phantom_of_the_seed(cohort):
    dataset, _ = cohort
    for number, case in enumerate(dataset.cases, start=1):
        phantom = make_phantom((2, number), **COARSE)
        sets = case.label_sets(SCHEME)
        for name in ("tcv", "cerebellum", "ventricles"):
            truth = SCHEME.mask(phantom.labelmap.data, name)
            np.testing.assert_array_equal(sets.value_of(name), truth)
        np.testing.assert_allclose(case.image().data, phantom.image.data, rtol=1e-3)


def test_a_hidden_label_without_siblings_leaves_the_rest_known(tmp_path):
    dataset = synthesize_dataset(tmp_path / "d", subjects=1, full=0, hide=("dgm", "wm"), **COARSE)
    (case,) = dataset.cases
    sets = case.label_sets(SCHEME)
    assert set(np.unique(sets.value_of("cgm"))) == {0, 1}
    assert set(np.unique(sets.value_of("dgm"))) == {0, 2}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"subjects": 0, "full": 0}, "subjects"),
        ({"full": 3}, "full"),
        ({"full": -1}, "full"),
        ({"hide": ("cortex",)}, "cortex"),
        ({"seed": -1}, "seed"),
    ],
)
def test_wrong_numbers_and_labels_are_refused_and_nothing_is_written(tmp_path, wrong, named):
    settings = {"subjects": 2, "full": 1, **COARSE, **wrong}
    with pytest.raises(UserError, match=named):
        synthesize_dataset(tmp_path / "d", **settings)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_dataset_is_not_overwritten(tmp_path):
    Dataset.create(tmp_path / "d", SCHEME, "mine")
    with pytest.raises(UserError, match="already exists"):
        synthesize_dataset(tmp_path / "d", subjects=1, full=0, **COARSE)
