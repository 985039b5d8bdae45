"""An annotated scan becomes a case of a dataset, and the dataset says what it holds."""

import nibabel
import numpy as np
import pytest

from jobs_of_slicer import OBLIQUE, SHAPE, noise
from partialseg_trainer.dataset import Dataset
from partialseg_trainer.errors import UserError
from partialseg_trainer.jobs import JobError, cases, export
from partialseg_trainer.labels import LabelScheme

SCHEME = LabelScheme.load("brainstem")


def masks():
    brainstem, pons = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    brainstem[2:9, 3:11, 4:12] = 1
    pons[3:5, 3:11, 5:9] = 1
    return {"masks/brainstem": brainstem, "masks/pons": pons}


def request(dataset, **changes):
    return {
        "scheme": SCHEME.to_dict(),
        "status": {"brainstem": "complete", "pons": "in_progress"},
        "affine": OBLIQUE.tolist(),
        "shape": SHAPE,
        "dataset": str(dataset),
        "name": "Newborns",
        "subject": "01",
        "session": None,
        "annotator": "anna",
        "group": None,
        "replace": False,
        **changes,
    }


@pytest.fixture
def exported(job, tmp_path):
    """Export into `dataset`, with changes of the request and of the arrays."""

    def do(arrays=None, **changes):
        folder = job(request(tmp_path / "dataset", **changes))
        for name, array in {**masks(), "image": noise(), **(arrays or {})}.items():
            folder.write_array(name, array)
        return export.work(folder)

    return do


def test_the_files_have_the_scans_own_grid(exported, tmp_path):
    result = exported()
    assert result["case"] == "sub-01"
    image_file, labels_file, sidecar = (tmp_path / "dataset" / name for name in result["files"])
    assert sidecar.is_file()
    image, labels = nibabel.load(image_file), nibabel.load(labels_file)
    k, j, i = 4, 9, 6
    assert image.get_fdata()[i, j, k] == noise()[k, j, i]
    for found in (image, labels):
        assert np.allclose(found.affine @ [i, j, k, 1], OBLIQUE @ [k, j, i, 1], atol=1e-4)
    pons, brainstem = (
        labels.get_fdata()[..., SCHEME.index(name)] for name in ("pons", "brainstem")
    )
    assert np.array_equal(brainstem.T, masks()["masks/brainstem"])
    inside = masks()["masks/pons"].T == 1
    assert (pons[inside] == 1).all()
    assert set(np.unique(pons[~inside])) == {0, 2}


def test_outside_the_region_nothing_is_known(exported, tmp_path):
    region = np.zeros(SHAPE, np.uint8)
    region[5] = 1
    exported({"region": region})
    dataset = Dataset.open(tmp_path / "dataset")
    values = dataset.cases[0].label_sets(dataset.scheme).value_of("brainstem")
    assert (values[..., 5] != 2).all()
    assert (np.delete(values, 5, axis=2) == 2).all()


def test_a_new_dataset_is_made_in_an_empty_folder_and_an_old_one_is_used(exported, tmp_path):
    (tmp_path / "dataset").mkdir()
    exported()
    exported(subject="02", session="1", name="another name")
    dataset = Dataset.open(tmp_path / "dataset")
    assert dataset.name == "Newborns"
    assert [case.name for case in dataset.cases] == ["sub-01", "sub-02_ses-1"]


def test_a_case_that_is_there_is_told_and_replaced_only_if_asked(exported, tmp_path):
    exported()
    with pytest.raises(JobError) as refused:
        exported(annotator="ben")
    assert refused.value.details == {"exists": True}
    exported(annotator="ben", replace=True)
    assert Dataset.open(tmp_path / "dataset").cases[0].info.annotator == "ben"


@pytest.mark.parametrize(
    ("changes", "arrays", "words"),
    [
        ({"subject": "Jane Doe"}, {}, "letters and digits"),
        ({"status": {}}, {}, "has no status"),
        (
            {"status": {"brainstem": "not_annotated", "pons": "not_annotated"}},
            {},
            "Nothing is annotated",
        ),
        ({}, {"image": np.full(SHAPE, np.nan)}, "NaN"),
    ],
)
def test_what_is_refused_leaves_no_dataset_behind(exported, tmp_path, changes, arrays, words):
    with pytest.raises(UserError, match=words):
        exported(arrays, **changes)
    assert not (tmp_path / "dataset").exists()


def test_contradictions_come_with_their_places(exported, tmp_path):
    outside = np.zeros(SHAPE, np.uint8)
    outside[10, 12, 14] = 1
    with pytest.raises(JobError) as refused:
        exported({"masks/pons": outside})
    (found,) = refused.value.details["contradictions"]
    assert found["labels"] == ["pons", "brainstem"] and found["voxels"] == 1
    assert np.allclose(found["ras"], (OBLIQUE @ [10, 12, 14, 1])[:3], atol=1e-3)
    assert not (tmp_path / "dataset").exists()


def test_a_dataset_of_another_scheme_is_refused(exported, tmp_path):
    Dataset.create(tmp_path / "dataset", "dhcp9", "other")
    with pytest.raises(UserError, match="use one scheme for both"):
        exported()


def test_a_dataset_lists_its_cases_and_goes_on_after_a_damaged_one(exported, job, tmp_path):
    exported()
    exported(subject="02", session="1", status={"brainstem": "complete", "pons": "complete"})
    exported(subject="03")
    sidecar = tmp_path / "dataset" / "sub-03/anat/sub-03_desc-partial_multilabel.json"
    sidecar.write_text("{")
    result = cases.work(job({"dataset": str(tmp_path / "dataset")}))
    assert LabelScheme.from_dict(result["scheme"]) == SCHEME
    assert result["name"] == "Newborns" and result["labels"] == list(SCHEME.names)
    first, second = result["cases"]
    assert (first["name"], first["subject"], first["session"]) == ("sub-01", "01", None)
    assert first["status"]["pons"] == "in_progress" and first["annotator"] == "anna"
    assert not first["fully_known"] and first["date"]
    assert (second["session"], second["status"]["pons"]) == ("1", "complete")
    (problem,) = result["problems"]
    assert sidecar.name in problem


def test_a_folder_without_a_dataset_is_refused(job, tmp_path):
    with pytest.raises(UserError, match="not a PartialSeg dataset"):
        cases.work(job({"dataset": str(tmp_path)}))


def test_further_contrasts_go_with_the_scan_on_grids_of_their_own(exported, tmp_path):
    t1w = {"further/T1w": noise()[::2, ::2, ::2] + 1}
    exported(t1w, further={"T1w": OBLIQUE.tolist()})
    made = Dataset.open(tmp_path / "dataset")
    assert made.contrasts == ("T2w", "T1w")
    assert made.cases[0].images()["T1w"].data.shape == t1w["further/T1w"].T.shape
    with pytest.raises(UserError, match=r"no image of T1w"):
        exported(subject="02")
