"""What nnU-Net trains and tests on, and what its values mean, is what the dataset says."""

import json

import nibabel
import numpy as np
import pytest

from partialseg_trainer.dataset import (
    Dataset,
    assign_splits,
    export_nnunet,
    other_labels_beside,
    values_beside,
)
from partialseg_trainer.errors import UserError
from partialseg_trainer.evaluation import score_folders
from partialseg_trainer.labels import LabelScheme, LabelSets
from partialseg_trainer.volumes import Volume, write_volume
from small_scans import AFFINE, SHAPE, image

GAPS = {
    "name": "gaps",
    "labels": [
        {"name": "csf", "value": 3},
        {"name": "brain", "value": 40, "children": [{"name": "wm", "value": 7}]},
    ],
}


@pytest.fixture
def of_six(tmp_path):
    """Six subjects, one of them with two visits; 01 and 02 are twins."""
    scheme = LabelScheme.from_dict(GAPS)
    made = Dataset.create(tmp_path / "dataset", scheme, "six")
    values = np.resize(np.array([0, 3, 7, 40], dtype=np.uint8), SHAPE)
    sets = LabelSets.from_labelmap(scheme, values, scheme.names)
    for number in range(1, 7):
        group = "twins" if number < 3 else None
        for session in ("1", "2") if number == 3 else (None,):
            made.add_case(f"{number:02d}", image(number), sets, {}, session=session, group=group)
    return made


def names_in(folder):
    return {path.name.removesuffix(".nii.gz") for path in folder.glob("*")}


def test_test_scans_and_their_groups_stay_out_of_training(of_six, tmp_path):
    assign_splits(of_six, {"02": "test", "04": "validation"})
    done = export_nnunet(of_six, tmp_path / "raw")
    assert set(done.test) == names_in(tmp_path / "raw" / "labelsTs") == {"sub-01", "sub-02"}
    assert names_in(tmp_path / "raw" / "imagesTs") == {"sub-01_0000", "sub-02_0000"}
    trained = names_in(tmp_path / "raw" / "labelsTr")
    assert json.loads((tmp_path / "raw" / "dataset.json").read_text())["numTraining"] == 5
    (fold,) = json.loads((tmp_path / "raw" / "splits_final.json").read_text())
    assert fold["val"] == ["sub-04"] and {*fold["train"], *fold["val"]} == trained


def test_folds_tear_neither_subjects_nor_groups_apart(of_six, tmp_path):
    assign_splits(of_six, {"06": "train"})
    export_nnunet(of_six, tmp_path / "raw")
    folds = json.loads((tmp_path / "raw" / "splits_final.json").read_text())
    trained = names_in(tmp_path / "raw" / "labelsTr")
    validated = [name for fold in folds for name in fold["val"]]
    assert len(folds) == 4
    assert sorted(validated) == sorted(trained - {"sub-06"})
    for fold in folds:
        assert {*fold["train"], *fold["val"]} == trained
        for together in ({"sub-01", "sub-02"}, {"sub-03_ses-1", "sub-03_ses-2"}):
            assert len(together & set(fold["val"])) in (0, 2)


def test_without_a_scan_to_train_on_nothing_is_exported(of_six, tmp_path):
    assign_splits(of_six, dict.fromkeys(of_six.subjects, "test"))
    with pytest.raises(UserError, match="to train on"):
        export_nnunet(of_six, tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


def test_no_text_of_a_header_is_handed_on(of_six, tmp_path):
    path = of_six.cases[0].image_path
    named = nibabel.load(path)
    named.header["descrip"] = b"Doe^Jane"
    nibabel.save(nibabel.Nifti1Image(np.asarray(named.dataobj), None, named.header), path)
    export_nnunet(of_six, tmp_path / "raw")
    exported = nibabel.load(tmp_path / "raw" / "imagesTr" / "sub-01_0000.nii.gz")
    assert b"Doe" not in exported.header.binaryblock
    np.testing.assert_array_equal(exported.get_fdata(), named.get_fdata())


@pytest.mark.parametrize("beside", ["dataset.json", "partialseg.json"])
def test_a_perfect_prediction_of_nnunet_has_perfect_scores(of_six, tmp_path, beside):
    export_nnunet(of_six, tmp_path / "raw")
    predicted, true = tmp_path / "predicted", tmp_path / "true"
    predicted.mkdir()
    true.mkdir()
    for case in of_six.cases:
        name = f"{case.name}.nii.gz"
        (predicted / name).write_bytes((tmp_path / "raw" / "labelsTr" / name).read_bytes())
        labelmap = case.label_sets(of_six.scheme).labelmap()
        write_volume(true / name, Volume(labelmap, AFFINE))
    (predicted / beside).write_bytes((tmp_path / "raw" / beside).read_bytes())
    for folder in (predicted, tmp_path / "raw" / "labelsTr"):
        scores = score_folders(folder, true, of_six.scheme)
        assert {row.dice for rows in scores.values() for row in rows} == {1.0}
    with pytest.raises(UserError, match="scheme"):
        values_beside(predicted, LabelScheme.load("dhcp9"))


def declare(folder, **labels):
    folder.mkdir(exist_ok=True)
    described = {"channel_names": {"0": "T2"}, "labels": {"background": 0, **labels}}
    (folder / "dataset.json").write_text(json.dumps(described))


def test_a_dataset_json_speaks_by_names_and_is_never_passed_over_unsaid(tmp_path):
    scheme = LabelScheme.load("brainstem")
    declare(tmp_path / "a", medulla=1, midbrain=2)
    mapping = values_beside(tmp_path / "a", scheme).mapping
    assert mapping == {0: 0, 1: scheme["medulla"].value, 2: scheme["midbrain"].value}
    (tmp_path / "a" / "postprocessed").mkdir()
    assert values_beside(tmp_path / "a" / "postprocessed", scheme).mapping == mapping
    for titles in ({"medulla": 1, "mesencephalon": 2}, {"Medulla Oblongata": 1, "Midbrain": 2}):
        declare(tmp_path / "a", **titles)
        with pytest.raises(UserError, match=r"mesencephalon|Midbrain"):
            values_beside(tmp_path / "a", scheme)
    for other in ({"one": 1, "two": 2}, {"midbrain": scheme["midbrain"].value, "two": 2}):
        declare(tmp_path / "a", **other)
        assert values_beside(tmp_path / "a", scheme) is None
        assert other_labels_beside(tmp_path / "a") == tmp_path / "a" / "dataset.json"


def test_what_the_truth_does_not_know_counts_for_neither_side(tmp_path):
    scheme = LabelScheme.from_dict(GAPS)
    for name, values in (("predicted", [0, 3, 7, 7]), ("labelsTr", [0, 1, 2, 9])):
        (tmp_path / name).mkdir()
        data = np.resize(np.array(values, dtype=np.uint8), SHAPE)
        write_volume(tmp_path / name / "a.nii.gz", Volume(data, AFFINE))
    labels = {"background": 0, "csf": 1, "brain": [2, 3], "wm": 2, "ignore": 9}
    (tmp_path / "dataset.json").write_text(
        json.dumps({"channel_names": {"0": "T2w"}, "labels": labels})
    )
    (rows,) = score_folders(tmp_path / "predicted", tmp_path / "labelsTr", scheme).values()
    assert {row.label: row.dice for row in rows} == {"csf": 1.0, "brain": 1.0, "wm": 1.0}
