"""A head that lies or looks otherwise than a model knows it is shown to it as it knows it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from partialseg_trainer.inference.segment import segment
from partialseg_trainer.inference.showing import (
    Showing,
    pose_between,
    smoothed_for,
    usual_centres,
)
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.volumes import Grid, Volume, resample
from partialseg_trainer.volumes.preprocessing import AXES, Preprocessing, prepare
from small_models import model_of, noise_scan

SCHEME = LabelScheme.load("dhcp9")
# How bright each is, and where it lies in mm in an upright head: three balls in fluid, in a ring.
LEVELS = {"csf": 0.3, "cerebellum": 0.55, "wm": 0.78, "dgm": 1.0}
CENTRES = {"cerebellum": (0, -14, -12), "wm": (0, 4, 12), "dgm": (0, 14, -4)}
RING = 0.06
SPACING = 2.0
rotations = st.tuples(*[st.floats(-180, 180)] * 3).map(
    lambda degrees: Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
)


class ByBrightness(torch.nn.Module):
    """Names structures by how bright they are; it is surest of slices whose cerebellum lies where
    one does in an upright head, which has its middle in theirs, and that are dark on the whole.
    """

    divisor = 1

    def forward(self, image):
        image = image[:, 0]
        logits = torch.full((len(image), SCHEME.n_leaves, *image.shape[1:]), -20.0)
        for name, level in LEVELS.items():
            logits[:, SCHEME.leaf_names.index(name)] = -200 * (image - level) ** 2
        logits[:, 0] = torch.where(image < 0.15, 10.0, -20.0)
        # The edge of one is as bright as another, so what is no even patch is taken for fluid.
        pool = torch.nn.MaxPool2d(3, 1, 1)
        edge = (pool(image) + pool(-image)) * (image > 0.15) > 0.15
        logits[:, 1:] = torch.where(edge[:, None], torch.tensor(-20.0), logits[:, 1:])
        logits[:, 1][edge] = 5.0
        columns = torch.arange(image.shape[2]) - (image.shape[2] - 1) / 2
        there = ((image - LEVELS["cerebellum"]).abs() < 0.12) & ~edge
        behind = (there * columns).sum((1, 2)) / there.sum((1, 2)).clamp(min=1)
        off = torch.where(there.sum((1, 2)) > 5, behind - CENTRES["cerebellum"][1] / SPACING, 0)
        sure = 0.03 + torch.exp(-((off / 3) ** 2)) * (image.mean((1, 2)) < 0.25)
        return logits * sure[:, None, None, None]


def head(rotation=None, size=41) -> tuple[Volume, np.ndarray]:
    """A head on a grid of its own, turned about its middle, and what is what in it."""
    grid = np.stack(np.meshgrid(*[np.arange(size) - size // 2] * 3, indexing="ij"), -1) * SPACING
    upright = grid if rotation is None else grid @ rotation
    distance = np.linalg.norm(upright, axis=-1)
    data = np.select([distance < 26, distance < 31], [LEVELS["csf"], RING], 0).astype(np.float32)
    truth = np.where(distance < 26, SCHEME["csf"].value, 0)
    for name, place in CENTRES.items():
        ball = np.linalg.norm(upright - place, axis=-1) < 8
        data[ball], truth[ball] = LEVELS[name], SCHEME[name].value
    return Volume(data, np.diag([SPACING] * 3 + [1])), truth


def inverted(scan: Volume) -> Volume:
    return Volume(np.where(scan.data > 0, 1 - scan.data, 0), scan.affine)


@pytest.fixture
def model():
    made = model_of(ByBrightness(), Preprocessing(spacing=SPACING), scheme=SCHEME)
    return replace(made, info=made.info.model_copy(update={"centres": CENTRES}))


def right(found, truth) -> float:
    """Which part of what is no background is called what it is."""
    labelmap = np.asarray(found.labelmap.dataobj)
    inside = (truth != 0) | (labelmap != 0)
    return (labelmap == truth)[inside].mean()


@pytest.mark.parametrize("degrees", [(40, 0, 0), (60, 20, 0), (0, 0, 90), (10, 0, 170)])
def test_a_turned_head_is_shown_upright(model, degrees):
    scan, truth = head(Rotation.from_euler("xyz", degrees, degrees=True).as_matrix())
    found = segment(scan, model, confidence=True)
    assert right(found, truth) > 0.85
    told = next(sentence for sentence in found.warnings if "lies turned by about" in sentence)
    about = int(told.split("about ")[1].split(" ")[0])
    expected = Rotation.from_euler("xyz", degrees, degrees=True).magnitude()
    assert about == pytest.approx(np.degrees(expected), abs=6)
    as_it_lies = replace(model, info=model.info.model_copy(update={"centres": {}}))
    unsure = segment(scan, as_it_lies, confidence=True)
    assert found.uncertainty() < unsure.uncertainty()
    assert not any("turned" in sentence for sentence in unsure.warnings)


def test_an_upright_head_is_taken_as_it_lies(model, monkeypatch):
    scan, truth = head()

    def never(*_):
        raise AssertionError("looked once more")

    monkeypatch.setattr("partialseg_trainer.inference.showing._look", never)
    found = segment(scan, model)
    assert right(found, truth) > 0.9
    assert not any("turned" in sentence or "T1" in sentence for sentence in found.warnings)


@pytest.mark.parametrize("size", [1.4, 1.6])
def test_a_head_of_another_size_is_shown_at_the_usual_one(model, size):
    scan, truth = head()
    other = Volume(scan.data, np.diag([size * SPACING] * 3 + [1]))
    found = segment(other, model, confidence=True)
    assert right(found, truth) > 0.8
    assert any("times as wide" in sentence for sentence in found.warnings)


@pytest.mark.parametrize("degrees", [0, 50])
def test_bright_and_dark_are_exchanged_where_the_model_is_surer_then(model, degrees):
    scan, truth = head(Rotation.from_euler("x", degrees, degrees=True).as_matrix())
    found = segment(inverted(scan), model)
    assert right(found, truth) > 0.85
    assert any("T1-weighted" in sentence for sentence in found.warnings)
    assert not any("does not look T2-weighted" in sentence for sentence in found.warnings)


class Even(torch.nn.Module):
    """In doubt about all that differs from slice to slice and place to place, as noise does."""

    divisor = 1

    def __init__(self, of_noise: float):
        super().__init__()
        self._of_noise = of_noise

    def forward(self, image):
        rough = torch.nn.functional.avg_pool2d((image - image.roll(1, -1)).abs(), 5, 1, 2)
        logits = torch.zeros(len(image), SCHEME.n_leaves, *image.shape[2:])
        logits[:, 1] = 3 - self._of_noise * rough[:, 0]
        return logits


@pytest.mark.parametrize(("of_noise", "wanted"), [(10, True), (-10, False)])
@pytest.mark.parametrize("contrasts", [1, 2])
def test_a_scan_is_smoothed_where_that_leaves_less_doubt(of_noise, wanted, contrasts):
    made = model_of(Even(of_noise), Preprocessing(spacing=SPACING), scheme=SCHEME)
    known = replace(made, info=made.info.model_copy(update={"smoothing": 2.0}))
    volume = noise_scan()
    prepared = prepare([volume] * contrasts, made.info.preprocessing)
    shown = smoothed_for(prepared, [known], torch.device("cpu"))
    smaller = shown.slices.std() < 0.7 * prepared.slices.std()
    assert smaller == wanted and shown.images.shape == prepared.images.shape
    assert np.array_equal(shown.images[0], shown.slices)
    assert (shown.slices[prepared.slices == 0] == 0).all()
    assert smoothed_for(prepared, [made], torch.device("cpu")) is prepared


def test_who_inspects_sees_what_was_chosen_from(model):
    scan, _ = head(Rotation.from_euler("x", 40, degrees=True).as_matrix())
    seen, steps = [], []
    found = segment(
        scan,
        model,
        inspect=lambda leaves, prepared: seen.append((leaves.copy(), prepared)),
        progress=lambda done, total: steps.append((done, total)),
    )
    ((leaves, prepared),) = seen
    labelmap = np.moveaxis(SCHEME.leaf_values[leaves.argmax(0)], 0, 2)
    there = resample(labelmap, prepared.grid, Grid(scan.data.shape, scan.affine))
    assert (there == np.asarray(found.labelmap.dataobj)).mean() > 0.99
    assert steps[-1][0] == steps[-1][1]


@given(rotations, st.floats(0.7, 1.1), st.sampled_from(AXES))
@settings(max_examples=25, deadline=None)
def test_what_is_shown_comes_back_to_its_place(rotation, size, axis):
    smooth = gaussian_filter(np.random.default_rng(0).uniform(size=(17, 20, 23)), 3)
    ramp = np.stack([smooth, smooth**2]).astype(np.float32)
    cut = np.moveaxis(ramp, 1 + AXES.index(axis), 1).copy()
    showing = Showing(rotation, size=size)
    shown = torch.from_numpy(showing.shown(cut, axis))
    back = showing.placed(shown, axis, Grid((17, 20, 23), np.eye(4))).numpy()
    inner = (slice(None), *[slice(3, -3)] * 3)
    assert np.abs(back - cut)[inner].max() < 0.03 * np.ptp(ramp)


@pytest.mark.parametrize("axis", AXES)
def test_a_look_shows_every_so_manieth_slice_from_one_end_to_the_other(axis):
    images = np.random.default_rng(0).uniform(0.1, 1, (1, 13, 10, 9)).astype(np.float32)
    assert np.allclose(Showing().shown(images, axis), images, atol=1e-5)
    assert np.allclose(Showing().shown(images, axis, step=4), images[:, ::4], atol=1e-5)


def test_what_is_dark_around_a_head_stays_dark():
    image = np.zeros((1, 6, 9, 9), dtype=np.float32)
    image[:, 1:5, 2:7, 2:7] = 0.8
    image[:, 2:4, 4, 4] = 0.0  # fluid in T1
    shown = Showing(inverted=True).shown(image, "axial")
    assert np.allclose(shown[0, 2:4, 4, 4], 1) and np.allclose(shown[0, 2, 3, 3], 0.2)
    assert (shown[0, 0] == 0).all() and (shown[0, :, 0] == 0).all()


@given(
    rotations,
    st.floats(0.5, 2),
    arrays(float, (5, 3), elements=st.floats(-50, 50)).filter(
        lambda places: np.linalg.svd(places - places.mean(0))[1][1] > 5
    ),
    arrays(float, 3, elements=st.floats(-99, 99)),
)
def test_rotation_and_size_are_found_whatever_the_origin(rotation, unit, places, origin):
    belong = dict(zip("abcde", places, strict=True))
    found = {
        name: unit * rotation @ place + origin for name, place in belong.items() if name != "e"
    }
    kept = places[:4] - places[:4].mean(0)
    if np.linalg.svd(kept)[1][1] < 2:
        return
    turned, size = pose_between(found, belong)
    assert np.allclose(turned, rotation, atol=1e-4) and size == pytest.approx(unit, rel=1e-6)


def test_two_structures_turn_nothing():
    found = {"wm": np.array([1.0, 2, 3]), "dgm": np.array([3.0, 2, 1])}
    assert np.array_equal(pose_between(found, CENTRES)[0], np.eye(3))


def test_usual_centres_are_of_what_lies_at_one_place_in_all_heads():
    one, other = head()[1], head()[1]
    other[SCHEME["csf"].value == other] = 0
    other[:, :12][other[:, :12] == 0] = SCHEME["csf"].value
    volumes = [Volume(labelmap.astype(np.uint8), head()[0].affine) for labelmap in (one, other)]
    told = usual_centres(volumes, SCHEME)
    assert told.keys() == CENTRES.keys()
    offset = np.array(told["wm"]) - CENTRES["wm"]
    for name, place in CENTRES.items():
        assert np.allclose(np.array(told[name]) - place, offset, atol=0.2)


def test_of_two_structures_there_are_no_usual_centres():
    affine, labelmap = head()[0].affine, head()[1]
    two = np.where(labelmap == SCHEME["dgm"].value, 0, labelmap)
    two[two == SCHEME["csf"].value] = 0
    assert usual_centres([Volume(two, affine)] * 2, SCHEME) == {}
