"""A scan that is unlike those that a model knows is told of, and one like them is not."""

import numpy as np
import pytest

from partialseg_trainer.inference import segment
from partialseg_trainer.inference.doubts import doubts
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.networks.model import load_model
from partialseg_trainer.synthesis import make_phantom
from partialseg_trainer.volumes import Volume
from partialseg_trainer.volumes.preprocessing import Preprocessing, prepare

SCHEME = LabelScheme.load("dhcp9")
# Axes in another order than RAS, one of them turned round, and voxels that are no cubes.
TURNED = np.array([[0, -1.1, 0, 50], [0, 0, 1.3, -40], [1.2, 0, 0, -60], [0, 0, 0, 1]], dtype=float)


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(1, spacing=2.0, weeks=40)


def told(image, labelmap, confidence=None, **more):
    prepared = prepare(image, Preprocessing(spacing=2.5))
    return doubts(labelmap, SCHEME, prepared, confidence or {}, **more)


def test_a_newborn_is_not_doubted(phantom):
    assert told(phantom.image, phantom.labelmap) == ()


def test_another_contrast_is_told_whatever_the_order_of_the_axes(phantom):
    data = phantom.image.data.max() - phantom.image.data
    inverted = Volume(np.where(phantom.image.data > 0, data, 0), phantom.image.affine)
    (sentence,) = told(inverted, phantom.labelmap)
    assert "does not look T2-weighted" in sentence
    turned = np.linalg.inv(TURNED)[:3, :3].round().astype(int)
    order, signs = np.abs(turned).argmax(1), turned.sum(1)
    both = [
        np.ascontiguousarray(volume.data.transpose(order)[tuple(np.s_[::sign] for sign in signs)])
        for volume in (phantom.image, phantom.labelmap)
    ]
    affine = phantom.image.affine.copy()
    affine[:3, :3] = phantom.image.affine[:3, order] * signs
    start = np.array(
        [size - 1 if sign < 0 else 0 for size, sign in zip(both[0].shape, signs, strict=True)]
    )
    affine[:3, 3] = phantom.image.affine[:3, 3] - affine[:3, :3] @ start
    assert told(*(Volume(data, affine) for data in both)) == ()


def test_a_scan_without_a_cerebellum_is_told(phantom):
    cut = Volume(
        np.where(SCHEME.mask(phantom.labelmap.data, "cerebellum"), 0, phantom.labelmap.data),
        phantom.labelmap.affine,
    )
    (sentence,) = told(phantom.image, cut)
    assert sentence.startswith("Hardly any cerebellum")


def test_a_header_that_turns_the_head_upside_down_is_told(phantom):
    affine = phantom.image.affine.copy()
    affine[2] *= -1
    (sentence,) = told(*(Volume(v.data, affine) for v in (phantom.image, phantom.labelmap)))
    assert "cerebellum does not lie below" in sentence


def test_thick_slices_are_told(phantom):
    thick = phantom.image.affine @ np.diag([1, 1, 2, 1])
    both = (Volume(v.data[:, :, ::2], thick) for v in (phantom.image, phantom.labelmap))
    (sentence,) = told(*both)
    assert sentence.startswith("The scan's slices are 4.0 mm apart")


def test_labels_of_which_the_model_is_unsure_are_named(phantom):
    sure = {"wm": 0.8, "cgm": 0.6, "dgm": None, "background": 0.3, "hippocampi_amygdala": 0.2}
    told_of = told(
        phantom.image,
        phantom.labelmap,
        sure,
        least_confidence=0.7,
        untold=("hippocampi_amygdala",),
    )
    assert len(told_of) == 1 and "Cortical grey matter (0.60), where" in told_of[0]
    assert told(phantom.image, phantom.labelmap, sure) == ()


def test_a_model_whose_confidence_was_not_measured_says_nothing_of_it(phantom, model):
    loaded = load_model(model)
    before = segment(phantom.image, loaded).warnings
    loaded.info.least_confidence = 0.999
    after = segment(phantom.image, loaded).warnings
    assert any("less sure" in sentence for sentence in after)
    assert not any("less sure" in sentence for sentence in before)
