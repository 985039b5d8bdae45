"""The annotation of an exported case comes back as it was."""

import numpy as np
import pytest

from jobs_of_slicer import OBLIQUE, SHAPE, noise
from partialseg_trainer.dataset import Dataset
from partialseg_trainer.errors import UserError
from partialseg_trainer.jobs import case
from partialseg_trainer.jobs.axes import to_volume
from partialseg_trainer.labels import LabelScheme, LabelSets

SCHEME = LabelScheme.load("brainstem")


@pytest.fixture
def dataset(tmp_path):
    return Dataset.create(tmp_path / "dataset", SCHEME, "Newborns")


def masks():
    brainstem, pons = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    brainstem[2:9, 3:11, 4:12] = 1
    pons[3:5, 3:11, 5:9] = 1
    return {"brainstem": brainstem, "pons": pons}


def add(dataset, status, region=None):
    sets = LabelSets.from_masks(SCHEME, masks(), status, region)
    sets = LabelSets(SCHEME, sets.codes.T, sets.leaf_sets())
    return dataset.add_case("01", to_volume(noise(), OBLIQUE), sets, status)


def request(dataset):
    return {"dataset": str(dataset.folder), "subject": "01", "session": None}


def test_what_is_known_comes_back_on_slicers_grid(job, processed, dataset):
    added = add(dataset, {"brainstem": "complete", "pons": "in_progress"})
    folder = job(request(dataset))
    result = processed("case", folder)
    labelmap = folder.array("labelmap")
    assert np.array_equal(labelmap > 0, masks()["brainstem"] > 0)
    assert np.array_equal(labelmap == SCHEME["pons"].value, masks()["pons"] > 0)
    assert np.allclose(result["affine"], OBLIQUE, atol=1e-4)
    assert result["image"] == str(added.image_path)
    assert LabelScheme.from_dict(result["scheme"]) == SCHEME
    assert result["status"]["brainstem"] == "complete"
    assert result["status"]["medulla"] == "not_annotated"
    assert result["partly_known"] == []
    assert result["region"] is None


def test_labels_that_are_finished_in_a_part_of_the_scan_only_are_named(job, dataset):
    region = np.zeros(SHAPE, np.uint8)
    region[5] = 1
    add(dataset, {"brainstem": "complete", "pons": "in_progress"}, region)
    result = case.work(job(request(dataset)))
    assert result["partly_known"] == ["brainstem"]
    assert result["region"] == [[5, 0, 0], [5, *np.subtract(SHAPE[1:], 1)]]


def test_a_part_of_the_scan_that_is_no_box_has_no_region(job, dataset):
    region = np.zeros(SHAPE, np.uint8)
    region[5, 1:4, 2:6] = region[6, 1:4, 2:5] = 1
    add(dataset, {"brainstem": "complete", "pons": "in_progress"}, region)
    result = case.work(job(request(dataset)))
    assert result["partly_known"] == ["brainstem"]
    assert result["region"] is None


def test_a_case_that_is_not_there_is_refused(job, dataset):
    with pytest.raises(UserError, match="does not exist"):
        case.work(job(request(dataset)))


def test_the_images_of_further_contrasts_are_told_and_one_that_is_gone_is_named(job, tmp_path):
    both = Dataset.create(tmp_path / "both", SCHEME, "Newborns", ("T2w", "T1w"))
    sets = LabelSets.from_masks(
        SCHEME, {"brainstem": masks()["brainstem"]}, {"brainstem": "complete"}
    )
    images = {name: to_volume(noise() + step, OBLIQUE) for step, name in enumerate(both.contrasts)}
    added = both.add_case(
        "01",
        images,
        LabelSets(SCHEME, sets.codes.T, sets.leaf_sets()),
        {"brainstem": "complete", "pons": "not_annotated"},
    )
    result = case.work(job(request(both)))
    assert (result["contrast"], result["further"]) == ("T2w", {"T1w": str(added.image_paths[1])})
    added.image_paths[1].unlink()
    with pytest.raises(UserError, match=r"sub-01_T1w.nii.gz does not exist"):
        case.work(job(request(both)))
