"""Phantoms are made on the spot; the devices of this computer have names."""

import numpy as np
import pytest

from partialseg_trainer.jobs import devices, phantom
from partialseg_trainer.jobs.axes import to_volume
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.networks.device import choose_device
from partialseg_trainer.synthesis import make_phantom


def test_a_phantom_comes_with_its_labels_and_its_place(job):
    folder = job({"seed": 3, "shape": [48, 56, 50]})
    result = phantom.work(folder)
    image, labelmap = folder.array("image"), folder.array("labelmap")
    assert image.shape == labelmap.shape == (48, 56, 50)
    scheme = LabelScheme.load(result["scheme"])
    assert set(np.unique(labelmap)) <= {0, *(label.value for label in scheme)}
    placed = to_volume(image, result["affine"])
    same = make_phantom(3, shape=(50, 56, 48), spacing=2.0)
    assert np.array_equal(placed.data, same.image.data)
    assert np.allclose(placed.affine, same.image.affine)
    assert np.array_equal(labelmap.T, same.labelmap.data)


def test_without_a_shape_voxels_have_one_millimetre(job):
    folder = job({"seed": 0, "shape": None})
    affine = np.array(phantom.work(folder)["affine"])
    assert np.linalg.norm(affine[:3, :3], axis=0) == pytest.approx([1, 1, 1])


def test_every_device_can_be_chosen_by_its_name_and_the_first_is_the_default(job):
    result = devices.work(job({}))
    names = [device["name"] for device in result["devices"]]
    assert names[-1] == "cpu" and result["devices"][-1]["title"].startswith("CPU")
    assert all(str(choose_device(name)) == name for name in names)
    assert result["default"] == names[0]
    assert choose_device("auto").type == choose_device(names[0]).type
    assert result["threads"] >= 1
