"""A scan is found in a dataset by its voxels, under whatever name it was exported."""

import numpy as np
import pytest

from partialseg_trainer.dataset import Dataset
from partialseg_trainer.dataset.same_image import KnownImages
from partialseg_trainer.labels import LabelScheme, LabelSets
from partialseg_trainer.volumes import Volume, read_volume, write_volume
from small_scans import AFFINE, image, labelmap


@pytest.fixture
def dataset(tmp_path):
    dataset = Dataset.create(tmp_path / "dataset", LabelScheme.load("dhcp9"), "small")
    sets = LabelSets.from_labelmap(dataset.scheme, labelmap().data)
    for seed, subject in enumerate(("01", "02")):
        dataset.add_case(subject, image(seed), sets, {})
    return dataset


@pytest.mark.parametrize("ending", [".nii.gz", ".nrrd"])
def test_the_case_of_a_scan_is_found_from_a_file_of_any_name_and_format(dataset, tmp_path, ending):
    write_volume(tmp_path / f"anything{ending}", image(1))
    case = KnownImages(dataset).case_of(read_volume(tmp_path / f"anything{ending}"))
    assert case.name == "sub-02"


def test_rounding_of_stored_intensities_and_positions_is_forgiven(dataset):
    shifted = AFFINE.copy()
    shifted[0, 3] += 0.01
    scan = Volume(image(0).data * np.float32(1 + 1e-6), shifted)
    assert KnownImages(dataset).case_of(scan).name == "sub-01"


def test_another_scan_on_the_same_grid_and_the_same_one_elsewhere_are_not_in_the_dataset(dataset):
    known = KnownImages(dataset)
    assert known.case_of(image(2)) is None
    elsewhere = AFFINE.copy()
    elsewhere[:3, 3] += 5
    assert known.case_of(Volume(image(0).data, elsewhere)) is None
    assert known.case_of(Volume(image(0).data[:-1], AFFINE)) is None


def test_a_case_without_its_image_does_not_hide_the_others(dataset):
    dataset.cases[0].image_path.unlink()
    known = KnownImages(dataset)
    assert known.case_of(image(0)) is None
    assert known.case_of(image(1)).name == "sub-02"
