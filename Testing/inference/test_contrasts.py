"""A model is shown the images of its contrasts, and says in a sentence which it lacks."""

import numpy as np
import pytest
import torch

from partialseg_trainer.errors import UserError
from partialseg_trainer.inference import as_ensemble, segment
from partialseg_trainer.inference.export import describe_use, export_model
from partialseg_trainer.inference.prediction import predict
from partialseg_trainer.models import ModelInfo
from partialseg_trainer.networks.model import Model
from partialseg_trainer.volumes import Grid, Volume, resample
from partialseg_trainer.volumes.preprocessing import Preprocessing, prepare
from small_models import decided_unet, model_of, noise_scan

BOTH = ("T2w", "T1w")


def of_both(preprocessing=None, patch=None, network=None, dropout=0.0, contrasts=BOTH) -> Model:
    preprocessing = preprocessing or Preprocessing(spacing=2.0)
    network = network or decided_unet(0, 2 * preprocessing.channels)
    model = model_of(network, preprocessing, patch)
    content = model.info.model_dump() | {"contrasts": contrasts, "contrast_dropout": dropout}
    content.pop("contrast")
    return Model(model.network, model.scheme, ModelInfo(**content))


class Channel(torch.nn.Module):
    """Says what one of its channels shows."""

    divisor = 1

    def __init__(self, channel: int):
        super().__init__()
        self.channel = channel

    def forward(self, image):
        shown = image[:, self.channel : self.channel + 1]
        return torch.cat([5 * shown, *[0 * shown] * 3], 1)


@pytest.fixture(scope="module")
def images():
    first = noise_scan()
    other = np.random.default_rng(1).uniform(1, 2, first.data.shape).astype(np.float32)
    return {"T2w": first, "T1w": first.with_data(other)}


def leaves_of(prepared, model, mirror=False):
    asked = (prepared.images, prepared.axis, [model], torch.device("cpu"), lambda _: None)
    return predict(*asked, mirror=mirror)(slice(0, len(prepared.slices))).float()


@pytest.mark.parametrize("axis", ["axial", "all"])
@pytest.mark.parametrize("neighbours", [0, 1])
def test_the_slices_of_each_contrast_are_channels_in_turn(images, axis, neighbours):
    preprocessing = Preprocessing(spacing=2.0, axis=axis, neighbours=neighbours)
    alone = Preprocessing(spacing=2.0, axis=axis)
    both = prepare(list(images.values()), preprocessing)
    for number, image in enumerate(both.images):
        own = of_both(preprocessing, network=Channel(number * (1 + 2 * neighbours) + neighbours))
        plain = model_of(Channel(0), alone)
        asked = (image, both.axis, [plain], torch.device("cpu"), lambda _: None)
        expected = predict(*asked)(slice(0, len(image))).float()
        assert torch.equal(leaves_of(both, own), expected)


@pytest.mark.parametrize(
    ("settings", "patch"),
    [({"axis": "sagittal", "neighbours": 1}, None), ({"axis": "axial"}, (8, 8, 8))],
)
def test_the_mirror_exchanges_the_neighbours_of_each_contrast_and_no_contrasts(
    images, settings, patch
):
    if patch:
        pytest.importorskip("monai")
    preprocessing = Preprocessing(spacing=2.0, **settings)
    both = prepare(list(images.values()), preprocessing)
    slices = preprocessing.channels
    model = of_both(preprocessing, patch, network=Channel(slices + slices // 2))
    seen = leaves_of(both, model)
    np.testing.assert_allclose(leaves_of(both, model, mirror=True), seen, atol=2e-3)


def test_a_contrast_on_another_grid_is_brought_to_the_first(images):
    model = of_both()
    as_is = segment(images, model, confidence=True)
    t1w = images["T1w"]
    # The same voxels, in another order and with a margin.
    turned = Volume(np.pad(t1w.data, 2)[::-1], t1w.affine @ np.diag([-1.0, 1, 1, 1]))
    turned.affine[:3, 3] = t1w.grid.ras((len(t1w.data) + 1, -2, -2))
    assert turned.data.shape != t1w.data.shape
    other = segment({"T1w": turned, "T2w": images["T2w"]}, model, confidence=True)
    same = np.asarray(other.labelmap.dataobj) == np.asarray(as_is.labelmap.dataobj)
    assert same.mean() > 0.9 and other.labelmap.shape == as_is.labelmap.shape
    fine = Grid((26, 36, 22), t1w.affine @ np.diag([0.5, 0.5, 0.5, 1]))
    finer = Volume(resample(t1w.data, t1w.grid, fine, order=1), fine.affine)
    assert segment({"T2w": images["T2w"], "T1w": finer}, model).labelmap.shape == (13, 18, 11)


def far(image: Volume, mm: float) -> Volume:
    return Volume(image.data, image.affine + mm * np.eye(4, k=3))


def test_what_lacks_is_unknown_or_elsewhere_is_refused_in_a_sentence(images):
    model = of_both()
    t2w, t1w = images.values()
    for given, sentence in (
        (t2w, r"The scan has no T1w, and the model test needs T2w and T1w; .*--image T1w=FILE"),
        ({"T1w": t1w}, r"no T2w, and"),
        ({**images, "FLAIR": t1w}, r"FLAIR is given, but the model test sees T2w and T1w; leave"),
        ({"T2w": t2w, "t2": t1w}, r"T2w is named twice"),
        ({"T2w": t2w, "T1w": t2w}, r"T1w of the scan are the same image"),
        ({"T2w": t2w, "T1w": far(t1w, 900)}, r"do not overlap.*register"),
    ):
        with pytest.raises(UserError, match=sentence):
            segment(given, model)
    with pytest.raises(UserError, match=r"T1w is given, but the model test sees T2w; leave it"):
        segment(images, model_of(decided_unet(), Preprocessing(spacing=2.0)))
    told = segment({"T2w": t2w, "T1w": far(t1w, 10)}, model).warnings
    assert any("counts as black elsewhere" in warning for warning in told)


def test_a_model_that_learned_without_segments_without_and_says_so(images, tmp_path):
    model = of_both(dropout=0.2)
    assert not any("without" in warning for warning in segment(images, model).warnings)
    told = segment(images["T2w"], model).warnings
    assert any("without its T1w" in warning for warning in told)
    with pytest.raises(UserError, match="needs T2w and T1w"):
        segment(images["T2w"], [model, of_both()])
    with pytest.raises(UserError, match=r"differ in their contrasts \(T2w and T1w, and T1w and"):
        as_ensemble([model, of_both(contrasts=BOTH[::-1])])


def test_an_exported_network_takes_both_and_a_bundle_is_refused(tmp_path):
    model = of_both(Preprocessing(spacing=2.0, neighbours=1))
    said = describe_use(model)
    assert said["input"]["shape"].startswith("(B, 6, H, W)")
    assert said["input"]["shape"].endswith("of each contrast in turn: T2w, T1w")
    with pytest.raises(UserError, match=r"sees T2w and T1w; choose the form onnx"):
        export_model(model, "monai-bundle", tmp_path / "bundle")


def test_a_description_of_one_contrast_is_what_it_was():
    content = model_of(decided_unet(), Preprocessing()).info.model_dump()
    assert content["contrast"] == "T2w"
    assert not {"contrasts", "contrast_dropout"} & content.keys()
    assert ModelInfo(**content).contrasts == ("T2w",)
    assert ModelInfo(**content | {"contrast": "FLAIR"}).contrasts == ("FLAIR",)
