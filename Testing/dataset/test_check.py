"""The check names every problem at once, each with its file, and never stops at a bad one."""

import gzip
import json
import shutil

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partialseg_trainer.dataset import Dataset, check_dataset
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelSets
from partialseg_trainer.volumes import Volume, write_volume
from small_scans import AFFINE, SHAPE, image, labelmap

IMAGE = "sub-01/anat/sub-01_T2w.nii.gz"
LABELS = "sub-01/anat/sub-01_desc-partial_multilabel.nii.gz"
SIDECAR = "sub-01/anat/sub-01_desc-partial_multilabel.json"


def write_labels(path, change):
    """Rewrite a multi-label file after a change to its (X, Y, Z, C) array."""
    file = nibabel.load(path)
    data = np.asanyarray(file.dataobj).copy()
    change(data)
    write_volume(path, Volume(data, file.affine))


def with_nan():
    data = image().data.copy()
    data[0, 0, 0] = np.nan
    return data


def set_sidecar(root, **fields):
    path = root / SIDECAR
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def reverse_labels(root):
    set_sidecar(root, labels=json.loads((root / SIDECAR).read_text())["labels"][::-1])


def truncate(path):
    path.write_bytes(path.read_bytes()[:-30])


def append_row(root, row):
    with (root / "participants.tsv").open("a") as table:
        table.write(row)


def child_without_parent(data):
    data[..., 9] = 0  # tcv, whose children keep their 1


DAMAGES = {
    "image missing": (lambda root: (root / IMAGE).unlink(), IMAGE, "missing"),
    "labels missing": (lambda root: (root / LABELS).unlink(), LABELS, "missing"),
    "sidecar missing": (lambda root: (root / SIDECAR).unlink(), SIDECAR, "missing"),
    "image truncated": (lambda root: truncate(root / IMAGE), IMAGE, "truncated"),
    "labels truncated": (lambda root: truncate(root / LABELS), LABELS, "truncated"),
    "image is no image": (lambda root: (root / IMAGE).write_text("hello"), IMAGE, "not an image"),
    "image changed": (lambda root: write_volume(root / IMAGE, image(77)), IMAGE, "checksum"),
    "NaN": (lambda root: write_volume(root / IMAGE, Volume(with_nan(), AFFINE)), IMAGE, "NaN"),
    "other geometry": (
        lambda root: write_volume(root / IMAGE, Volume(image().data, np.diag([1, 1, 1, 1]))),
        LABELS,
        "do not fit the image",
    ),
    "other shape": (
        lambda root: write_volume(root / IMAGE, Volume(image().data[1:], AFFINE)),
        LABELS,
        "shape",
    ),
    "value 3": (lambda root: write_labels(root / LABELS, lambda data: data.fill(3)), LABELS, "3"),
    "child without parent": (
        lambda root: write_labels(root / LABELS, child_without_parent),
        LABELS,
        "contradicts",
    ),
    "a label too few": (
        lambda root: write_volume(
            root / LABELS, Volume(np.zeros((*SHAPE, 9), dtype=np.uint8), AFFINE)
        ),
        LABELS,
        "9 label volumes",
    ),
    "labels changed": (
        lambda root: write_labels(root / LABELS, lambda data: data.fill(2)),
        LABELS,
        "checksum",
    ),
    "nothing annotated": (
        lambda root: write_labels(root / LABELS, lambda data: data.fill(2)),
        LABELS,
        "Nothing is annotated",
    ),
    "label order": (reverse_labels, SIDECAR, "in this order"),
    "wrong field": (lambda root: set_sidecar(root, status={"wm": "sure"}), SIDECAR, "status"),
    "not fully known": (lambda root: set_sidecar(root, fully_known=False), SIDECAR, "fully_known"),
    "sidecar is no JSON": (lambda root: (root / SIDECAR).write_text("{"), SIDECAR, "JSON"),
    "scheme missing": (lambda root: (root / "scheme.json").unlink(), "scheme.json", "scheme"),
    "description missing": (
        lambda root: (root / "dataset_description.json").unlink(),
        "dataset_description.json",
        "not exist",
    ),
    "row twice": (
        lambda root: append_row(root, "sub-01\tn/a\tn/a\n"),
        "participants.tsv",
        "listed 2 times",
    ),
    "row missing": (
        lambda root: (root / "participants.tsv").write_text("participant_id\nsub-01\nsub-02\n"),
        "participants.tsv",
        "sub-03 has files but no row",
    ),
    "row without scan": (
        lambda root: append_row(root, "sub-99\tn/a\tn/a\n"),
        "participants.tsv",
        "no scan",
    ),
    "unknown split": (
        lambda root: append_row(root, "sub-99\tn/a\tholdout\n"),
        "participants.tsv",
        "holdout",
    ),
    "torn group": (
        lambda root: append_row(root, "sub-98\tg\ttest\nsub-99\tg\ttrain\n"),
        "participants.tsv",
        "one group",
    ),
    "no table": (
        lambda root: (root / "participants.tsv").write_text("a,b\n"),
        "participants.tsv",
        "participant_id",
    ),
    "not BIDS": (
        lambda root: (root / "sub-a_b" / "anat").mkdir(parents=True),
        "sub-a_b/anat",
        "BIDS",
    ),
    "cut off": (lambda root: (root / ".incoming-x").mkdir(), ".incoming-x", "cut off"),
    "a half-made store": (
        lambda root: (root / ".cache" / ".0123abcd-slices-0" / "x").mkdir(parents=True),
        ".cache/.0123abcd-slices-0",
        "cut off",
    ),
}


def found(problems, file, words):
    return any(problem.file == file and words in problem.message for problem in problems)


def test_a_good_dataset_has_no_problems(dataset):
    calls = []
    assert check_dataset(dataset.folder, lambda *done: calls.append(done)) == []
    assert calls == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_problem_is_named_with_its_file(dataset, damage):
    break_it, file, words = DAMAGES[damage]
    break_it(dataset.folder)
    problems = check_dataset(dataset.folder)
    assert found(problems, file, words), problems


def test_all_problems_are_listed_at_once(dataset):
    chosen = ("NaN", "label order", "value 3", "row twice", "cut off")
    for damage in chosen:
        DAMAGES[damage][0](dataset.folder)
    (dataset.cases[1].image_path).unlink()
    problems = check_dataset(dataset.folder)
    for damage in chosen:
        assert found(problems, *DAMAGES[damage][1:]), damage
    assert found(problems, "sub-02/anat/sub-02_T2w.nii.gz", "missing")


def test_the_same_scan_under_two_names_is_found_whatever_its_compression(dataset, dhcp9):
    case = dataset.add_case("04", image(0), LabelSets.from_labelmap(dhcp9, labelmap(4).data), {})
    content = gzip.decompress(case.image_path.read_bytes())
    case.image_path.write_bytes(gzip.compress(content, 9))
    problems = check_dataset(dataset.folder)
    assert found(problems, "sub-04/anat/sub-04_T2w.nii.gz", "same image as that of sub-01")


def test_that_no_scan_is_fully_labelled_is_a_warning(dataset):
    for subject in ("01", "02"):
        shutil.rmtree(dataset.folder / f"sub-{subject}")
    warnings = [p for p in check_dataset(dataset.folder) if "fully labelled" in p.message]
    assert [problem.severity for problem in warnings] == ["warning"]


def test_an_empty_dataset_is_a_problem(tmp_path, dhcp9):
    Dataset.create(tmp_path / "empty", dhcp9, "empty")
    (problem,) = check_dataset(tmp_path / "empty")
    assert "no cases" in problem.message


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match="not a folder"):
        check_dataset(tmp_path / "nowhere")


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(
    file=st.sampled_from([IMAGE, LABELS, SIDECAR, "scheme.json", "participants.tsv"]),
    position=st.floats(0, 1, exclude_max=True),
    byte=st.integers(0, 255),
    unzip=st.booleans(),
)
def test_a_damaged_byte_anywhere_never_stops_the_check(
    dataset, tmp_path_factory, file, position, byte, unzip
):
    root = tmp_path_factory.mktemp("damaged") / "dataset"
    shutil.copytree(dataset.folder, root)
    content = (root / file).read_bytes()
    zipped = file.endswith(".gz") and unzip
    content = bytearray(gzip.decompress(content) if zipped else content)
    # Headers are where a byte matters most.
    content[int(position * min(len(content), 400))] = byte
    (root / file).write_bytes(gzip.compress(bytes(content)) if zipped else bytes(content))
    check_dataset(root)
