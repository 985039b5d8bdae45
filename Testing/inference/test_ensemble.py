"""Several models, and the scan with its mirror image, give the mean of their probabilities."""

import numpy as np
import pytest
import torch

from partialseg_trainer.errors import UserError
from partialseg_trainer.inference import as_ensemble, segment
from partialseg_trainer.inference.prediction import predict
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.volumes import Volume
from partialseg_trainer.volumes.preprocessing import Preprocessing, from_slices, to_slices
from small_models import SCHEME, decided_unet, model_of, noise_scan

AXES = ("sagittal", "coronal", "axial")


def probabilities(data, models, mirror=False):
    """(L, X, Y, Z) of a volume in RAS order, (X, Y, Z), that is prepared already."""
    axis = models[0].info.preprocessing.axes[-1]
    device = torch.device("cpu")
    leaves = predict(
        to_slices(data, axis), axis, models, device, advance=lambda _: None, mirror=mirror
    )(slice(0, data.shape[AXES.index(axis)]))
    return np.stack([from_slices(leaf, axis) for leaf in leaves.float().numpy()])


@pytest.fixture(scope="module")
def data() -> np.ndarray:
    return np.random.default_rng(1).random((14, 18, 10), dtype=np.float32)


@pytest.mark.parametrize("axis", [*AXES, "all"])
@pytest.mark.parametrize("neighbours", [0, 1])
class TestTheMirrorImage:
    def unet(self, axis, neighbours):
        preprocessing = Preprocessing(axis=axis, neighbours=neighbours)
        return [model_of(decided_unet(0, preprocessing.channels), preprocessing)]

    def test_a_mirrored_scan_gives_the_mirrored_result(self, data, axis, neighbours):
        there = probabilities(data, self.unet(axis, neighbours), mirror=True)
        back = probabilities(data[::-1], self.unet(axis, neighbours), mirror=True)
        assert np.allclose(back[:, ::-1], there, atol=2e-3)

    def test_it_counts_as_much_as_the_scan(self, data, axis, neighbours):
        models = self.unet(axis, neighbours)
        alone = probabilities(data, models)
        mirrored = probabilities(data[::-1].copy(), models)[:, ::-1]
        if (axis, neighbours) != ("sagittal", 0):  # such slices are what they were, mirrored or not
            assert np.abs(alone - mirrored).max() > 0.01
        expected = (alone + mirrored) / 2
        assert np.allclose(probabilities(data, models, mirror=True), expected, atol=2e-3)


@pytest.mark.parametrize("axis", AXES)
def test_blocks_are_mirrored_left_to_right_too(data, axis):
    pytest.importorskip("monai")

    class LeftIsFirst(torch.nn.Module):
        """Certain of the first leaf in the half of a block where the index along x is low."""

        divisor = 2

        def forward(self, image):
            x = 2 if axis == "sagittal" else 3
            ramp = torch.linspace(8, -8, image.shape[x])
            first = ramp.view([-1 if dim == x else 1 for dim in range(5)]).expand_as(image)
            return torch.cat([first] + [torch.zeros_like(first)] * (SCHEME.n_leaves - 1), 1)

    models = [model_of(LeftIsFirst(), Preprocessing(axis=axis), patch=(32, 32, 32))]
    alone, both = (probabilities(data, models, mirror=mirror) for mirror in (False, True))
    assert np.ptp(alone, axis=1).max() > 0.1
    assert np.allclose(both, (alone + alone[:, ::-1]) / 2, atol=2e-3)


def test_two_copies_of_a_model_are_the_model():
    model = model_of(decided_unet(), Preprocessing(spacing=2.0))
    alone, twice = (
        segment(noise_scan(), models, confidence=True) for models in (model, [model, model])
    )
    assert np.array_equal(alone.labelmap.dataobj, twice.labelmap.dataobj)
    assert np.allclose(alone.confidence.dataobj, twice.confidence.dataobj, atol=1e-3)


def test_models_count_alike(data):
    models = [model_of(decided_unet(seed), Preprocessing()) for seed in range(3)]
    each = [probabilities(data, [model]) for model in models]
    assert np.allclose(probabilities(data, models), np.mean(each, axis=0), atol=2e-3)


def test_a_mirrored_scan_is_segmented_as_the_scan_is():
    scan = noise_scan((14, 16, 12))
    flipped = Volume(scan.data[::-1].copy(), scan.affine)
    model = model_of(decided_unet(), Preprocessing(spacing=2.0))
    there, back = (
        np.asarray(segment(each, model, mirror=True).labelmap.dataobj) for each in (scan, flipped)
    )
    plain = np.asarray(segment(flipped, model).labelmap.dataobj)
    assert np.mean(there == back[::-1]) > 0.999 > np.mean(there == plain[::-1])


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"scheme": LabelScheme.load("wmh-stroke")}, "differ in their labels"),
        ({"preprocessing": Preprocessing(spacing=1.0)}, "differ in their preprocessing"),
        ({"patch": (16, 16, 16)}, "differ in their input .axial slices, and blocks of 16"),
    ],
)
def test_models_that_do_not_go_together_are_refused_by_their_names(other, words):
    first = model_of(decided_unet(), Preprocessing(spacing=2.0), name="first")
    settings = {"preprocessing": Preprocessing(spacing=2.0), "name": "other"} | other
    with pytest.raises(UserError, match=f"models first and other .*{words}"):
        segment(noise_scan(), [first, model_of(decided_unet(), **settings)])


def test_an_ensemble_has_a_model():
    with pytest.raises(UserError, match="at least one"):
        as_ensemble([])
