"""A case comes out of a dataset as it went in, or does not go in at all."""

import json
import os
from pathlib import Path

import nibabel
import numpy as np
import pytest

from partialseg_trainer.dataset import Dataset
from partialseg_trainer.errors import UserError
from partialseg_trainer.files import atomic_folder
from partialseg_trainer.labels import LabelScheme, LabelSets, Status
from partialseg_trainer.volumes import Volume, write_volume
from small_scans import AFFINE, SHAPE, image, labelmap


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def full_sets(scheme, seed=0):
    return LabelSets.from_labelmap(scheme, labelmap(seed).data)


def test_a_case_is_read_as_it_was_written(dataset, dhcp9):
    opened = Dataset.open(dataset.folder)
    assert opened.scheme == dhcp9
    assert [case.name for case in opened.cases] == ["sub-01", "sub-02", "sub-03"]
    for seed, case in enumerate(opened.cases):
        np.testing.assert_array_equal(case.image().data, image(seed).data)
        np.testing.assert_allclose(case.image().affine, AFFINE, atol=1e-6)
        sets = case.label_sets(opened.scheme)
        truth = full_sets(dhcp9, seed)
        if case.subject == "03":
            assert not case.info.fully_known
            np.testing.assert_array_equal(sets.value_of("tcv"), truth.value_of("tcv"))
            inside = truth.value_of("tcv") == 1
            assert (sets.value_of("dgm")[inside] == 2).all()
            assert (sets.value_of("dgm")[~inside] == 0).all()
        else:
            assert case.info.fully_known
            np.testing.assert_array_equal(sets.multilabel(), truth.multilabel())


def test_the_folder_is_a_bids_derivative(dataset):
    description = json.loads((dataset.folder / "dataset_description.json").read_text())
    assert description["DatasetType"] == "derivative"
    assert description["GeneratedBy"][0]["Name"] == "PartialSeg"
    assert files_below(dataset.folder / "sub-01" / "anat") == [
        "sub-01_T2w.json",
        "sub-01_T2w.nii.gz",
        "sub-01_desc-partial_multilabel.json",
        "sub-01_desc-partial_multilabel.nii.gz",
    ]
    table = (dataset.folder / "participants.tsv").read_text().splitlines()
    assert table == [
        "participant_id\tgroup\tsplit",
        *(f"sub-0{number}\tn/a\tn/a" for number in (1, 2, 3)),
    ]


def test_the_multilabel_file_is_a_plain_4d_nifti_of_bytes(dataset, dhcp9):
    file = nibabel.load(dataset.cases[2].labels_path)
    assert file.shape == (*SHAPE, len(dhcp9))
    assert file.get_data_dtype() == np.uint8
    assert set(np.unique(file.dataobj)) == {0, 1, 2}


def test_the_sidecar_says_what_was_annotated(dataset, dhcp9):
    info = dataset.cases[2].info
    assert info.labels == dhcp9.names
    assert info.status["tcv"] is Status.COMPLETE
    assert info.status["dgm"] is Status.NOT_ANNOTATED
    assert info.software_version.startswith("PartialSeg ")
    assert info.date.tzinfo is not None


def test_whole_number_intensities_are_stored_as_integers_without_loss(dataset, dhcp9):
    whole = Volume(np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE) - 5, AFFINE)
    case = dataset.add_case("04", whole, full_sets(dhcp9), {})
    assert nibabel.load(case.image_path).get_data_dtype() == np.int16
    np.testing.assert_array_equal(case.image().data, whole.data)


def test_no_text_of_the_source_header_reaches_the_dataset(dataset, dhcp9, tmp_path):
    source = nibabel.Nifti1Image(image().data, AFFINE)
    for field in ("descrip", "aux_file", "intent_name", "db_name"):
        source.header[field] = b"JANE DOE"
    source.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"JANE DOE"))
    nibabel.save(source, tmp_path / "source.nii")
    case = dataset.add_case("04", tmp_path / "source.nii", full_sets(dhcp9), {})
    written = nibabel.load(case.image_path)
    assert b"JANE" not in written.header.binaryblock
    assert not written.header.extensions


def test_a_scheme_of_one_label_keeps_its_fourth_axis(tmp_path):
    scheme = LabelScheme.from_dict({"name": "one", "labels": [{"name": "lesion", "value": 1}]})
    dataset = Dataset.create(tmp_path / "one", scheme, "one")
    mask = Volume((labelmap().data > 4).astype(np.uint8), AFFINE)
    sets = LabelSets.from_labelmap(scheme, mask.data)
    case = dataset.add_case("01", image(), sets, {"lesion": Status.COMPLETE})
    np.testing.assert_array_equal(case.label_sets(scheme).value_of("lesion"), mask.data)


def test_sessions_of_a_subject_are_separate_cases(dataset, dhcp9):
    dataset.add_case("04", image(4), full_sets(dhcp9), {}, session="1")
    dataset.add_case("04", image(5), full_sets(dhcp9), {}, session="2")
    names = [case.name for case in dataset.cases if case.subject == "04"]
    assert names == ["sub-04_ses-1", "sub-04_ses-2"]
    assert dataset.subjects.count("04") == 1


def test_an_existing_case_is_replaced_only_on_request(dataset, dhcp9):
    before = files_below(dataset.folder)
    with pytest.raises(UserError, match="already exists"):
        dataset.add_case("01", image(9), full_sets(dhcp9), {})
    case = dataset.add_case("01", image(9), full_sets(dhcp9), {}, replace=True)
    np.testing.assert_array_equal(case.image().data, image(9).data)
    assert files_below(dataset.folder) == before


@pytest.mark.parametrize("subject", ["", "Anna Müller", "sub-01", "a_b", "../x", None])
def test_identifiers_that_bids_does_not_allow_are_refused(dataset, dhcp9, subject):
    before = files_below(dataset.folder)
    with pytest.raises(UserError, match="identifier"):
        dataset.add_case(subject, image(), full_sets(dhcp9), {})
    assert files_below(dataset.folder) == before


def test_labels_that_do_not_fit_are_refused_and_nothing_is_written(dataset, dhcp9):
    before = files_below(dataset.folder)
    smaller = LabelSets.from_labelmap(dhcp9, labelmap().data[:-1])
    other = LabelSets.from_labelmap(
        LabelScheme.load("fetal8"), np.zeros(SHAPE, dtype=np.uint8), known=["wm"]
    )
    with pytest.raises(UserError, match="grid"):
        dataset.add_case("04", image(), smaller, {})
    with pytest.raises(UserError, match="fetal8"):
        dataset.add_case("04", image(), other, {})
    with pytest.raises(UserError, match="thalamus"):
        dataset.add_case("04", image(), full_sets(dhcp9), {"thalamus": Status.COMPLETE})
    assert files_below(dataset.folder) == before


def test_a_crash_while_writing_leaves_no_case(dataset, dhcp9, monkeypatch):
    before = files_below(dataset.folder)

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("partialseg_trainer.dataset.folder.write_label_sets", full_disk)
    with pytest.raises(OSError, match="No space"):
        dataset.add_case("04", image(), full_sets(dhcp9), {})
    assert files_below(dataset.folder) == before


@pytest.mark.parametrize("crash_at", [0, 1, 2])
def test_a_crash_while_moving_files_never_shows_a_half_case(dataset, dhcp9, monkeypatch, crash_at):
    moves = []
    real = os.replace

    def replace(source, target):
        if "sub-01" in Path(target).parts:
            if len(moves) == crash_at:
                raise KeyboardInterrupt
            moves.append(target)
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        dataset.add_case("01", image(9), full_sets(dhcp9), {}, replace=True)
    assert "01" not in dataset.subjects


def test_a_folder_in_use_is_not_made_a_dataset(tmp_path, dhcp9):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="already exists"):
        Dataset.create(tmp_path, dhcp9, "name")
    assert files_below(tmp_path) == ["notes.txt"]


def test_a_dataset_that_another_process_made_meanwhile_is_not_replaced(tmp_path):
    with pytest.raises(UserError, match="already exists"), atomic_folder(tmp_path / "made"):
        (tmp_path / "made").mkdir()
        (tmp_path / "made" / "theirs").touch()
    assert files_below(tmp_path) == ["made", "made/theirs"]


@pytest.mark.parametrize("damage", ["missing", "not json", "raw", "no scheme"])
def test_what_is_no_dataset_is_said_in_one_sentence(tmp_path, dataset, damage):
    description = dataset.folder / "dataset_description.json"
    if damage == "missing":
        description.unlink()
    elif damage == "not json":
        description.write_text("{")
    elif damage == "raw":
        description.write_text(description.read_text().replace("derivative", "raw"))
    else:
        (dataset.folder / "scheme.json").unlink()
    with pytest.raises(UserError, match="dataset"):
        Dataset.open(dataset.folder)


def test_labels_in_another_order_are_refused(dataset):
    case = dataset.cases[0]
    sidecar = json.loads(case.sidecar_path.read_text())
    sidecar["labels"].reverse()
    case.sidecar_path.write_text(json.dumps(sidecar))
    with pytest.raises(UserError, match="lists the labels"):
        case.label_sets(dataset.scheme)


def test_columns_of_the_table_that_others_added_are_kept(dataset, dhcp9):
    table = dataset.folder / "participants.tsv"
    table.write_text("participant_id\tsex\tgroup\nsub-01\tF\ttwins\n", encoding="utf-8-sig")
    dataset.add_case("04", image(4), full_sets(dhcp9), {}, group="twins")
    dataset.add_case("01", image(9), full_sets(dhcp9), {}, replace=True)
    assert table.read_text().splitlines() == [
        "participant_id\tgroup\tsplit\tsex",
        "sub-01\ttwins\tn/a\tF",
        "sub-04\ttwins\tn/a\tn/a",
    ]


def test_a_scan_in_nrrd_is_taken_too(dataset, dhcp9, tmp_path):
    write_volume(tmp_path / "scan.nrrd", image(4))
    case = dataset.add_case("04", tmp_path / "scan.nrrd", full_sets(dhcp9), {})
    np.testing.assert_array_equal(case.image().data, image(4).data)
