"""A varied dataset has every scan of the first, and copies that are split as their models are."""

import pytest

from partialseg_trainer.dataset import Dataset, assign_splits, split_subjects
from partialseg_trainer.errors import UserError
from partialseg_trainer.synthesis import synthesize_dataset, vary_dataset


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("varied") / "source"
    return synthesize_dataset(folder, subjects=4, full=2, spacing=3.0)


def test_every_scan_has_its_copies_and_as_much_is_known_of_them(source, tmp_path):
    varied = vary_dataset(source, tmp_path / "varied", copies=2)
    assert len(varied.cases) == 3 * len(source.cases)
    known = {case.subject: case.info for case in varied.cases}
    for case in source.cases:
        for copy in (f"{case.subject}v1", f"{case.subject}v2"):
            assert known[copy].status == case.info.status
            assert known[copy].fully_known == case.info.fully_known
            assert known[copy].image_sha256 != known[case.subject].image_sha256


def test_a_copy_is_split_with_its_model(source, tmp_path):
    varied = vary_dataset(source, tmp_path / "varied", copies=1)
    for part in split_subjects(varied, validation=0.25, test=0.25):
        assert {subject.split("v")[0] for subject in part} == {
            subject for subject in part if "v" not in subject
        }


def test_what_tests_is_not_copied(tmp_path):
    source = synthesize_dataset(tmp_path / "source", subjects=3, full=3, spacing=3.0)
    assign_splits(source, {"001": "test", "002": "train", "003": "validation"})
    varied = vary_dataset(source, tmp_path / "varied", copies=1)
    assert varied.subjects == ("001", "002", "002v1", "003")
    assert split_subjects(varied) == (("002", "002v1"), ("003",), ("001",))


def test_nothing_is_made_of_nothing(source, tmp_path):
    with pytest.raises(UserError, match="copies is 0"):
        vary_dataset(source, tmp_path / "varied", copies=0)
    empty = Dataset.create(tmp_path / "empty", source.scheme, "empty")
    with pytest.raises(UserError, match="no cases"):
        vary_dataset(empty, tmp_path / "varied", copies=1)
    assert not (tmp_path / "varied").exists()


def test_a_copy_of_several_contrasts_has_one_anatomy_in_all_of_them(tmp_path):
    settings = {"subjects": 1, "full": 1, "spacing": 3.0, "contrasts": ("T2w", "T1w")}
    source = synthesize_dataset(tmp_path / "source", **settings)
    (case, copied) = vary_dataset(source, tmp_path / "varied", copies=1).cases
    for before, after in zip(case.images().values(), copied.images().values(), strict=True):
        assert (before.data != after.data).any()
    one, other = (image.data for image in copied.images().values())
    outside = copied.label_sets(source.scheme).labelmap() == 0
    # What lies within the head is bright in both, wherever it was moved.
    for image in (one, other):
        assert image[~outside].mean() > image[outside].mean()
