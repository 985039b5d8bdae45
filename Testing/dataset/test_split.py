"""Splits keep subjects and groups whole, and training a fully labelled scan."""

import csv

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partialseg_trainer.dataset import Dataset, split_subjects
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelSets
from small_scans import image, labelmap


def subjects_only(folder, scheme, groups, full):
    """A dataset with one tiny case a subject; `groups` is subject -> group or None."""
    dataset = Dataset.create(folder, scheme, "split")
    whole = LabelSets.from_labelmap(scheme, labelmap().data)
    partial = LabelSets.from_labelmap(scheme, labelmap().data, known=["tcv"])
    for seed, (subject, group) in enumerate(groups.items()):
        sets = whole if subject in full else partial
        dataset.add_case(subject, image(seed), sets, {}, group=group)
    return dataset


def set_split(dataset, **entries):
    path = dataset.folder / "participants.tsv"
    rows = list(csv.DictReader(path.open(), delimiter="\t"))
    with path.open("w") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t")
        writer.writeheader()
        for row in rows:
            name = row["participant_id"].removeprefix("sub-")
            writer.writerow({**row, "split": entries.get(name, row["split"])})


@pytest.fixture
def ten(tmp_path, dhcp9):
    groups = {f"s{number}": None for number in range(10)}
    return subjects_only(tmp_path / "ten", dhcp9, groups, full={"s4"})


@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
@given(
    groups=st.lists(st.sampled_from([None, "a", "b", "c"]), min_size=1, max_size=8),
    full=st.sets(st.integers(0, 7)),
    fractions=st.sampled_from([(0.1, 0.1), (0.3, 0.3), (0.0, 0.5), (0.0, 0.0)]),
    seed=st.integers(0, 3),
)
def test_every_subject_is_in_one_part_with_its_group(
    tmp_path_factory, dhcp9, groups, full, fractions, seed
):
    groups = {f"s{number}": group for number, group in enumerate(groups)}
    full = {f"s{number}" for number in full} & groups.keys()
    dataset = subjects_only(tmp_path_factory.mktemp("split") / "d", dhcp9, groups, full)
    split = split_subjects(dataset, *fractions, seed=seed)
    assert sorted(sum(split, ())) == sorted(groups)
    assert split.train
    assert not full or full & set(split.train)
    for group in {"a", "b", "c"}:
        members = {subject for subject, name in groups.items() if name == group}
        assert sum(bool(members & set(part)) for part in split) <= 1


def test_parts_have_the_size_of_their_fractions(ten):
    assert [len(part) for part in split_subjects(ten, 0.2, 0.3)] == [5, 2, 3]
    assert [len(part) for part in split_subjects(ten, 0.01, 0.0)] == [9, 1, 0]


def test_of_few_full_scans_none_validates_or_tests_unless_asked(ten):
    for seed in range(20):
        split = split_subjects(ten, seed=seed)
        assert "s4" in split.train
        assert len(split.validation) == 1 and not split.test


def test_of_many_full_scans_their_share_validates(tmp_path, dhcp9):
    groups = {f"s{number:02}": None for number in range(12)}
    full = {f"s{number:02}" for number in range(10)}
    dataset = subjects_only(tmp_path / "d", dhcp9, groups, full)
    for seed in range(20):
        split = split_subjects(dataset, 0.2, seed=seed)
        assert len(full & set(split.validation)) <= 2


def test_the_same_seed_gives_the_same_split_and_another_seed_another(ten):
    splits = [split_subjects(ten, 0.3, 0.3, seed=seed) for seed in (0, 0, 1, 2)]
    assert splits[0] == splits[1]
    assert len(set(splits)) > 1


def test_the_split_column_overrides_and_the_rest_is_drawn(ten):
    set_split(ten, s0="test", s1="test")
    split = split_subjects(ten, 0.2, 0.5)
    assert split.test == ("s0", "s1")
    assert len(split.validation) == 2


def test_a_split_of_one_member_takes_its_group_along(tmp_path, dhcp9):
    groups = {"a1": "a", "a2": "a", "b": None, "c": None}
    dataset = subjects_only(tmp_path / "d", dhcp9, groups, full=set())
    set_split(dataset, a1="test")
    assert split_subjects(dataset).test == ("a1", "a2")
    set_split(dataset, a2="train")
    with pytest.raises(UserError, match="one group"):
        split_subjects(dataset)


def test_an_unknown_part_in_the_column_is_refused(ten):
    set_split(ten, s0="holdout")
    with pytest.raises(UserError, match="holdout"):
        split_subjects(ten)


@pytest.mark.parametrize("fractions", [(0.5, 0.5), (-0.1, 0.1), (1.0, 0.0), (np.nan, 0.1)])
def test_fractions_that_leave_nothing_are_refused(ten, fractions):
    with pytest.raises(UserError, match="train"):
        split_subjects(ten, *fractions)


def test_an_empty_dataset_cannot_be_split(tmp_path, dhcp9):
    with pytest.raises(UserError, match="no cases"):
        split_subjects(Dataset.create(tmp_path / "empty", dhcp9, "empty"))
