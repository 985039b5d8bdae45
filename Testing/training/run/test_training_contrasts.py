"""A training sees every contrast of its scans; its model needs them or has learned without."""

import json

import numpy as np
import pytest
import torch

from ball_scans import SCHEME, ball, make_dataset
from partialseg_trainer.dataset import Dataset
from partialseg_trainer.errors import UserError
from partialseg_trainer.inference import load_model, segment
from partialseg_trainer.labels import LabelSets, Status
from partialseg_trainer.runs import RunState, read_status
from partialseg_trainer.training import TrainConfig, prepare_run, train
from partialseg_trainer.training.material.augmentation import augment
from partialseg_trainer.training.material.patches import TrainingBatches, read_item
from partialseg_trainer.training.material.slices import open_store
from partialseg_trainer.training.settings.config import Augmentation
from partialseg_trainer.volumes import Grid, Volume, resample
from partialseg_trainer.volumes.preprocessing import AXES, Preprocessing, prepare

BOTH = ("T2w", "T1w")


def scan(seed: int) -> tuple[dict[str, Volume], np.ndarray]:
    """A ball of which the first contrast does not show the core, and the second nothing else.

    That one lies on finer voxels, turned round.
    """
    image, labelmap = ball(seed)
    noise = np.random.default_rng(seed).normal(0, 0.03, labelmap.shape)
    t2w = Volume((0.5 * (labelmap > 0) + noise + 0.1).astype(np.float32), image.affine)
    affine = np.diag([-1.5, 1.5, 1.5, 1.0])
    affine[:3, 3] = (47.0, -1.0, -1.0)
    grid = Grid((33, 34, 34), affine)
    core = ((labelmap == 1) + noise + 0.1).astype(np.float32)
    t1w = Volume(resample(core, image.grid, grid, order=1), affine)
    return {"T2w": t2w, "T1w": t1w}, labelmap


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> Dataset:
    made = Dataset.create(tmp_path_factory.mktemp("both") / "data", SCHEME, "both", BOTH)
    for number in range(4):
        images, labelmap = scan(number)
        known = SCHEME.names if number < 3 else ("ball",)
        sets = LabelSets.from_labelmap(SCHEME, labelmap, known=known)
        made.add_case(f"{number:02d}", images, sets, dict.fromkeys(known, Status.COMPLETE))
    return made


def settings(dataset: Dataset, **changes) -> TrainConfig:
    return TrainConfig(
        dataset=dataset.folder,
        **{
            "network": {"width": 8, "depth": 3},
            "preprocessing": {"spacing": 2.0},
            "patch": (24, 24),
            "batch_size": 8,
            "epochs": 6,
            "loss": "marginal_ce+leaf_dice",
            "learning_rate": 5e-3,
            "head_rate": 10,
            "schedule": "constant",
            "slices_per_epoch": 48,
            "validation_fraction": 0,
            "device": "cpu",
            **changes,
        },
    )


@pytest.fixture(scope="module")
def model(both, tmp_path_factory):
    run = prepare_run(
        tmp_path_factory.mktemp("runs") / "run", settings(both, contrast_dropout=0.15)
    )
    train(run)
    assert read_status(run).state is RunState.FINISHED
    return load_model(run.model)


def dice(result, labelmap, name: str) -> float:
    found = SCHEME.mask(np.asarray(result.labelmap.dataobj), name)
    truth = SCHEME.mask(labelmap, name)
    return 2 * (found & truth).sum() / (found.sum() + truth.sum())


@pytest.mark.parametrize("axis", ["coronal", "all"])
def test_a_store_has_each_contrast_on_the_grid_of_the_first(both, axis):
    preprocessing = Preprocessing(spacing=2.0, axis=axis)
    store = open_store(both, both.cases, preprocessing)
    images, _ = scan(1)
    prepared = prepare(list(images.values()), preprocessing)
    alone = prepare(images["T2w"], preprocessing)
    np.testing.assert_array_equal(prepared.slices, alone.slices)
    assert prepared.grid == alone.grid and prepared.images.shape == (2, *alone.slices.shape)
    # Both see the core in one place.
    ball, core = prepared.images > 0.5
    assert 100 < (ball & core).sum() > 0.9 * core.sum()
    axes = AXES if axis == "all" else (axis,)
    cases = [case for case in store.cases if case.subject == "01"]
    for case, cut in zip(cases, axes, strict=True):
        stored, codes = store.read_case(case)
        assert stored.shape == (2, *codes.shape) and case.axis == cut
        np.testing.assert_allclose(stored[0], prepared.cut(cut), atol=1e-3)
        number = store.numbers(lambda each, case=case: each is case)[4]
        np.testing.assert_array_equal(store.read(number)[0], stored[:, 4])
        stack, _ = store.read_stack(number, 1)
        np.testing.assert_array_equal(stack, np.concatenate(stored[:, 3:6]))
        np.testing.assert_array_equal(store.read_block(number, 3)[0], stored[:, 3:6])


def test_batches_have_the_slices_of_each_contrast_in_turn(both):
    config = settings(both, preprocessing={"spacing": 2.0, "neighbours": 1})
    store = open_store(both, both.cases, config.preprocessing)
    numbers = store.numbers(lambda case: True)
    assert TrainingBatches(store, numbers, config, 0)[0]["image"].shape == (8, 6, 24, 24)
    blocks = settings(both, network={"name": "dynunet", "depth": 3}, patch=(8, 16, 16))
    image, codes = read_item(store, numbers[9], blocks)
    assert image.shape == (2, *codes.shape) and len(codes) == 8


def test_contrasts_share_their_geometry_and_change_in_intensity_each_by_itself():
    one = torch.rand(3, 2, 32, 32, generator=torch.Generator().manual_seed(0))
    image, codes = torch.cat([one, one], 1), torch.randint(0, 5, (3, 32, 32))
    still = {"tone": 0, "bias": 0, "noise": 0, "blur": 0}
    sagittal = torch.tensor([True, False, True])

    def changed(image, settings, contrasts=2, dropout=0.0):
        generator = torch.Generator().manual_seed(5)
        return augment(
            image, codes, settings, generator, sagittal, contrasts=contrasts, dropout=dropout
        )[0]

    moved = changed(image, Augmentation(**still))
    assert torch.equal(moved[:, :2], moved[:, 2:])
    assert torch.equal(moved[:, :2], changed(one, Augmentation(**still), contrasts=1))
    everything = changed(image, Augmentation(head=0.5))
    assert not torch.allclose(everything[:, :2], everything[:, 2:], atol=0.05)
    absent = torch.cat([one, torch.zeros_like(one)], 1)
    assert not changed(absent, Augmentation())[:, 2:].any()
    many = torch.cat([image] * 20)
    generator, still = torch.Generator().manual_seed(1), Augmentation(flip=False, **still)
    shown = augment(many, torch.cat([codes] * 20), still, generator, contrasts=2, dropout=0.5)[
        0
    ].unflatten(1, (2, 2))
    there = shown.flatten(2).amax(2) > 0
    assert there.any(1).all() and 0.4 < there.float().mean() < 0.9


def test_a_model_tells_by_both_what_neither_the_first_nor_a_case_without_shows(model, both):
    said = json.loads((model.folder / "model.json").read_text())
    assert said["contrasts"] == ["T2w", "T1w"] and "contrast" not in said
    assert said["contrast_dropout"] == 0.15
    assert "T2w and T1w MRI" in (model.folder / "MODEL_CARD.md").read_text()
    images, labelmap = scan(11)
    result = segment(images, model)
    assert result.labelmap.shape == labelmap.shape
    assert dice(result, labelmap, "core") > 0.8 and not any("without" in w for w in result.warnings)
    without = segment({"T2w": images["T2w"]}, model)
    assert any("without its T1w" in warning for warning in without.warnings)
    assert dice(without, labelmap, "ball") > 0.7 and dice(without, labelmap, "core") < 0.7
    # On its own grid, where the first is not there.
    other = segment({"T1w": images["T1w"]}, model)
    assert other.labelmap.shape == images["T1w"].data.shape


def test_a_training_that_cannot_have_all_contrasts_is_refused(both, model, tmp_path):
    with pytest.raises(UserError, match=r"contrast_dropout is 0.5, but .* one contrast T2w"):
        one = make_dataset(tmp_path / "one", full=2, partial=0)
        prepare_run(tmp_path / "run", settings(one, contrast_dropout=0.5))
    with pytest.raises(UserError, match=r"sees T2w and T1w, but the dataset has T2w; "):
        prepare_run(tmp_path / "run", settings(one, initial_model=model.folder))
    lost = both.cases[2].image_paths[1]
    kept = lost.rename(lost.with_name("kept"))
    try:
        with pytest.raises(UserError, match=r"sub-02 has no sub-02_T1w.nii.gz.*restore it"):
            prepare_run(tmp_path / "run", settings(both))
    finally:
        kept.rename(lost)
    assert not (tmp_path / "run").exists()
