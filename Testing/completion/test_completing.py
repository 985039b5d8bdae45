"""Completing an annotation: what was drawn is kept and learned from, along any axis."""

import numpy as np
import pytest
import torch

from ball_scans import SCHEME
from partialseg_trainer.completion import (
    Beside,
    Drawn,
    Effort,
    adaptation,
    complete,
    keep,
    why_not_enough,
)
from partialseg_trainer.dataset import Dataset
from partialseg_trainer.errors import UserError
from partialseg_trainer.inference import load_model, segment
from partialseg_trainer.labels import LabelScheme, LabelSets, Status
from partialseg_trainer.models import ModelInfo, NetworkSettings
from partialseg_trainer.networks import build_network
from partialseg_trainer.networks.model import Model
from partialseg_trainer.volumes import Grid, Volume
from partialseg_trainer.volumes.preprocessing import Preprocessing, prepare

SHAPE = (24, 28, 22)
COMPLETE = dict.fromkeys(SCHEME.names, Status.COMPLETE)
# Much at once, for a network that has learned nothing.
SHORT = Effort(steps=70, seconds=1e6, learning_rate=2e-2)


def scan(seed=0):
    """A bright core in a grey shell, and the labels."""
    rng = np.random.default_rng(seed)
    away = np.linalg.norm(
        np.indices(SHAPE).T - np.array(SHAPE) / 2 - rng.uniform(-2, 2, 3), axis=-1
    )
    labels = np.select([away.T < 6, away.T < 11], [1, 2]).astype(np.uint8)
    image = np.array([0.1, 1.0, 0.5])[labels] + rng.normal(0, 0.05, SHAPE) + 0.01
    return Volume(image.astype(np.float32), np.diag([2.0, 2.0, 2.0, 1.0])), labels


def drawn_in(labels, axis, slices, status=COMPLETE):
    region = np.zeros(SHAPE, bool)
    np.moveaxis(region, axis, 0)[slices] = True
    masks = {name: SCHEME.mask(labels, name) for name in SCHEME.names}
    return LabelSets.from_masks(SCHEME, masks, status, region), region


def untrained(head="leaves", axis="axial", neighbours=0, contrasts=("T2w",)):
    """A model that has learned nothing: any structure is new to it."""
    torch.manual_seed(0)
    network = NetworkSettings(width=8, depth=3)
    channels = SCHEME.n_leaves if head == "leaves" else len(SCHEME)
    info = ModelInfo(
        name="new",
        date="2026-01-01",
        loss="marginal_ce" if head == "leaves" else "iuc",
        head=head,
        network=network,
        preprocessing=Preprocessing(spacing=2.0, axis=axis, neighbours=neighbours),
        scheme=SCHEME.to_dict(),
        training_data="nothing",
        contrasts=contrasts,
    )
    built = build_network(in_channels=info.channels, out_channels=channels, **network.model_dump())
    return Model(built.eval(), SCHEME, info)


def dice(found, labels, name):
    a, b = SCHEME.mask(found, name), SCHEME.mask(labels, name)
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@pytest.mark.parametrize(
    ("axis", "settings"),
    [(2, {}), (0, {}), (1, {"head": "labels"}), (2, {"axis": "all", "neighbours": 1})],
)
def test_a_structure_that_was_never_learned_comes_from_three_slices_along_any_axis(axis, settings):
    image, labels = scan()
    middle = SHAPE[axis] // 2
    known, region = drawn_in(labels, axis, [middle - 5, middle, middle + 5])
    model = untrained(**settings)
    before = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    # IUC pushes less at first, and needs a little more of it.
    effort = SHORT.times(10 / 7 if "head" in settings else 1)
    result = complete(image, model, known, effort=effort)
    assert result.model is not None and not result.reason
    found = np.asarray(result.segmentation.labelmap.dataobj)
    assert np.array_equal(found[region], labels[region])
    alone = np.asarray(segment(image, model, known=known).labelmap.dataobj)
    for name in ("core", "shell"):
        assert dice(found, labels, name) > 0.6 > dice(alone, labels, name)
    for name, tensor in model.network.state_dict().items():
        assert torch.equal(tensor, before[name]), "nothing of the model is changed"


def test_it_learns_from_every_contrast_on_a_grid_of_its_own():
    image, labels = scan()
    moved = np.zeros((4, 4))
    moved[:2, 3] = 2, 4
    both = {"T2w": image, "T1w": Volume(1 - image.data[1:, 2:], image.affine + moved)}
    known, region = drawn_in(labels, 2, [7, 11, 15])
    model = untrained(contrasts=("T2w", "T1w"))
    result = complete(both, model, known, effort=Effort(steps=3, seconds=1e6))
    assert np.array_equal(np.asarray(result.segmentation.labelmap.dataobj)[region], labels[region])
    before, after = (next(each.network.parameters()) for each in (model, result.model))
    for channel in range(2):
        assert not torch.equal(before[:, channel], after[:, channel])
    with pytest.raises(UserError, match="has no T1w"):
        complete(image, model, known)


def test_the_same_drawing_and_seed_give_the_same_result():
    image, labels = scan()
    known, _ = drawn_in(labels, 2, [7, 11, 15])
    once, again = (
        complete(image, untrained(), known, effort=Effort(steps=6, seconds=1e6), seed=3)
        for _ in range(2)
    )
    for name, tensor in once.model.network.state_dict().items():
        assert torch.equal(tensor, again.model.network.state_dict()[name])


def test_weights_go_part_of_the_way_where_the_model_knew_what_was_drawn(monkeypatch):
    image, labels = scan()
    known, _ = drawn_in(labels, 2, [7, 11, 15])
    model = untrained()

    def weights(network):
        return torch.cat([each.detach().flatten() for each in network.parameters()])

    monkeypatch.setattr(adaptation, "_DRAWN", (0.1, 0.9, 1.0))

    def learned(least):
        monkeypatch.setattr(adaptation, "_KNOWN_DICE", least)
        monkeypatch.setattr(adaptation, "_GONE", (0.75, 0.75, 1.0))
        effort = Effort(steps=8, seconds=1e6, learning_rate=2e-2)
        return weights(complete(image, model, known, effort=effort).model.network)

    usual, known_well, new = learned(adaptation._KNOWN_DICE), learned(0.0), learned(1.1)
    assert torch.equal(usual, new), "what is new is learned without holding back"
    assert not torch.allclose(known_well, new, atol=1e-3)
    torch.testing.assert_close(known_well, 0.25 * weights(model.network) + 0.75 * new)


def test_the_more_is_drawn_the_longer_is_learned_and_the_more_of_it_kept(monkeypatch):
    image, labels = scan()
    monkeypatch.setattr(adaptation, "_KNOWN_DICE", 0.0)
    # Slices of which one is 4 % of the head.
    shares = []
    real = adaptation._go_part_of_the_way
    monkeypatch.setattr(
        adaptation,
        "_go_part_of_the_way",
        lambda network, before, share: (shares.append(share), real(network, before, share)),
    )
    steps = []
    for slices in ([11], [10, 11], [9, 10, 11, 12]):
        known, _ = drawn_in(labels, 2, slices)
        told = []
        effort = Effort(steps=5, seconds=1e6)
        complete(image, untrained(), known, effort=effort, progress=lambda *now: told.append(now))  # noqa: B023
        steps.append(max(total for stage, _, total in told if stage.startswith("Learning")))
    assert 0.45 < shares[0] < shares[1] <= shares[2] == 1
    assert 5 <= steps[0] < steps[1] <= steps[2] == 8


class TestTooLittle:
    """What is known is kept, nothing is learned, and the reason is said."""

    def reason(self, known, **options):
        image, _ = scan()
        told = []
        result = complete(
            image, untrained(), known, progress=lambda stage, *_: told.append(stage), **options
        )
        assert result.model is None and set(told) == {"Completing"}
        return result.reason

    def test_a_super_label_alone(self):
        _, labels = scan()
        status = {"ball": Status.COMPLETE}
        known = LabelSets.from_masks(SCHEME, {"ball": labels > 0}, status)
        # Outside of it one leaf is left, and that alone.
        assert "Only 'outside' was drawn" in self.reason(known)

    def test_strokes_of_one_structure(self):
        _, labels = scan()
        known = LabelSets.from_masks(SCHEME, {"core": labels == 1}, {"core": Status.IN_PROGRESS})
        assert "Only 'core' was drawn" in self.reason(known)

    def test_a_few_voxels(self):
        _, labels = scan()
        masks = {name: np.zeros(SHAPE, bool) for name in ("core", "shell")}
        for value, mask in enumerate(masks.values(), start=1):
            mask.reshape(-1)[np.flatnonzero(labels == value)[:40]] = True
        known = LabelSets.from_masks(SCHEME, masks, dict.fromkeys(masks, Status.IN_PROGRESS))
        assert "Only 80 voxels were drawn" in self.reason(known)

    def test_one_who_does_not_want_it(self):
        _, labels = scan()
        assert "asked not to" in self.reason(drawn_in(labels, 2, [11])[0], learn=False)


@pytest.mark.parametrize("axis", range(3))
def test_a_slice_of_a_fine_grid_is_not_lost_between_those_of_a_coarse_one(axis):
    image, labels = scan()
    fine = Grid(tuple(3 * size for size in SHAPE), np.diag([2 / 3, 2 / 3, 2 / 3, 1]))
    labels = labels.repeat(3, 0).repeat(3, 1).repeat(3, 2)
    image = Volume(image.data.repeat(3, 0).repeat(3, 1).repeat(3, 2), fine.affine)
    prepared = prepare(image, Preprocessing(spacing=2.0))
    for number in (35, 36):
        region = np.zeros(fine.shape, bool)
        np.moveaxis(region, axis, 0)[number] = True
        masks = {name: SCHEME.mask(labels, name) for name in SCHEME.names}
        drawn = Drawn(prepared, LabelSets.from_masks(SCHEME, masks, COMPLETE, region))
        assert drawn.sets[0].all() and why_not_enough(drawn) is None
        assert drawn.counts()[1:].min() > 50


def test_scans_of_a_dataset_may_teach_beside_it_and_the_model_may_be_kept(tmp_path):
    dataset = Dataset.create(tmp_path / "data", SCHEME, "data")
    for number in (1, 2):
        image, labels = scan(number)
        dataset.add_case(f"0{number}", image, drawn_in(labels, 2, slice(None))[0], COMPLETE)
    image, labels = scan()
    known, _ = drawn_in(labels, 2, [11])
    model = untrained()
    beside = Beside.of_dataset(dataset.folder, model)
    result = complete(image, model, known, beside=beside, effort=SHORT)
    found = np.asarray(result.segmentation.labelmap.dataobj)
    assert min(dice(found, labels, name) for name in ("core", "shell")) > 0.8
    keep(result.model, tmp_path / "kept")
    kept = load_model(tmp_path / "kept")
    assert kept.info.name == "new-adapted"
    assert np.array_equal(found, np.asarray(segment(image, kept, known=known).labelmap.dataobj))
    with pytest.raises(UserError, match="is there already"):
        keep(result.model, tmp_path / "kept")
    other = Dataset.create(tmp_path / "other", LabelScheme.load("brainstem"), "other")
    with pytest.raises(UserError, match="has the labels midbrain"):
        Beside.of_dataset(other.folder, model)
