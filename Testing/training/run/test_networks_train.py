"""Every network learns from partial labels, is stored, and segments a scan however it lies."""

import json
import sys

import numpy as np
import pytest
import torch

from ball_scans import SCHEME, ball
from partialseg_trainer.errors import UserError
from partialseg_trainer.inference import load_model, segment
from partialseg_trainer.runs import RunFolder, read_metrics
from partialseg_trainer.training import TrainConfig, prepare_run, train
from partialseg_trainer.training.material.slices import open_store
from partialseg_trainer.training.material.split import split_slices
from partialseg_trainer.training.step.module import PartialLabelTraining
from partialseg_trainer.volumes import Volume

SLICES = {"patch": (24, 24), "batch_size": 8, "slices_per_epoch": 128, "epochs": 8}
BLOCKS = {"patch": (16, 16, 16), "batch_size": 2, "slices_per_epoch": 512, "epochs": 5}
UNET = {"name": "unet", "width": 8, "depth": 3}
KINDS = {
    "unet with neighbours": {
        **SLICES,
        "network": UNET,
        "preprocessing": {"spacing": 2.0, "neighbours": 2},
    },
    "unet in three views": {
        **SLICES,
        "network": UNET,
        "preprocessing": {"spacing": 2.0, "axis": "all"},
    },
    "segformer": {
        **SLICES,
        "network": {"name": "segformer", "width": 16, "depth": 2},
        "learning_rate": 2e-3,
        "epochs": 12,
    },
    "dynunet": {**BLOCKS, "network": {"name": "dynunet", "width": 4, "depth": 3}},
}


def package_of(kind: str) -> str:
    return {"segformer": "transformers", "dynunet": "monai"}.get(kind, "torch")


@pytest.fixture(params=KINDS)
def kind(request) -> str:
    pytest.importorskip(package_of(request.param))
    return request.param


def settings(balls, kind: str, **changes) -> TrainConfig:
    return TrainConfig(
        **{
            "dataset": balls.folder,
            "loss": "marginal_ce",
            "preprocessing": {"spacing": 2.0},
            "schedule": "one_cycle",
            "learning_rate": 0.01,
            "validation_fraction": 0.0,  # a partial scan cannot tell when the parts are learned
            "test_fraction": 0,
            "device": "cpu",
            **KINDS[kind],
            **changes,
        }
    )


def trained(path, config: TrainConfig) -> RunFolder:
    run = prepare_run(path, config)
    train(run)
    return run


def dice(found: np.ndarray, labelmap: np.ndarray, name: str) -> float:
    predicted, truth = SCHEME.mask(found, name), SCHEME.mask(labelmap, name)
    return 2 * (predicted & truth).sum() / (predicted.sum() + truth.sum())


def test_it_learns_the_parts_and_finds_them_in_an_oblique_scan_with_its_axes_swapped(
    tmp_path, balls, kind
):
    run = trained(tmp_path / "run", settings(balls, kind))
    image, labelmap = ball(99)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]]
    affine = turn @ image.affine @ np.eye(4)[[1, 2, 0, 3]]
    scan = Volume(image.data.transpose(2, 0, 1), affine)
    result = segment(scan, load_model(run.model), confidence=True)
    assert np.array_equal(result.labelmap.affine, affine)
    found = np.asarray(result.labelmap.dataobj)
    for name in SCHEME.names:
        assert dice(found, labelmap.transpose(2, 0, 1), name) > 0.8, name


def test_its_model_folder_says_what_it_is_and_gives_the_same_answer_when_loaded(
    tmp_path, balls, kind
):
    config = settings(balls, kind, epochs=1, validation_fraction=0.2)
    run = trained(tmp_path / "run", config)
    model = load_model(run.model)
    assert model.info.network == config.network
    assert model.info.preprocessing == config.preprocessing
    assert model.info.training_data.startswith("4 scans")
    assert f"{config.network.name} ({config.network.width} filters" in (
        (run.model / "MODEL_CARD.md").read_text(encoding="utf-8")
    )
    assert np.isfinite(read_metrics(run)[-1]["validation_loss"])
    state = torch.load(run.checkpoints / "last.ckpt", weights_only=True)["state_dict"]
    for name, weights in model.network.state_dict().items():
        assert torch.equal(weights, state[f"network.{name}"]), name
    first, second = (
        segment(ball(5)[0], load_model(run.model), confidence=True).confidence for _ in range(2)
    )
    assert np.array_equal(first.dataobj, second.dataobj)


def test_the_same_seed_gives_the_same_weights(tmp_path, balls, kind):
    config = settings(balls, kind, epochs=1, slices_per_epoch=32)
    first, second = (
        load_model(trained(tmp_path / name, config).model).network.state_dict() for name in "ab"
    )
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_what_a_step_drops_at_random_follows_from_the_seed_and_the_step(balls, kind, monkeypatch):
    config = settings(balls, kind)
    store = open_store(balls, balls.cases, config.preprocessing)
    module = PartialLabelTraining(config, SCHEME, store, split_slices(store, set()))
    monkeypatch.setattr(module, "log", lambda *_, **__: None)
    batch = next(iter(module.train_dataloader()))
    first = module.training_step(batch, 0)
    torch.rand(7)  # as whatever came between would
    assert torch.equal(module.training_step(batch, 0), first)


def test_training_goes_on_from_its_model_and_not_from_one_that_sees_something_else(
    tmp_path, balls, kind
):
    config = settings(balls, kind, epochs=1, slices_per_epoch=32)
    run = trained(tmp_path / "first", config)
    again = config.model_copy(update={"initial_model": run.model})
    assert load_model(trained(tmp_path / "again", again).model).info.network == config.network
    other = settings(
        balls,
        "unet with neighbours",
        preprocessing={"spacing": 2.0, "neighbours": 1},
        initial_model=run.model,
    )
    with pytest.raises(UserError, match=r"choose a model that fits|sees . slices on either side"):
        prepare_run(tmp_path / "other", other)
    assert not (tmp_path / "other").exists()


class TestSettings:
    def test_blocks_are_small_and_few_unless_told_otherwise(self):
        config = TrainConfig(dataset="d", network={"name": "dynunet"})
        assert (config.patch, config.batch_size, config.thickness) == ((64, 64, 64), 2, 64)
        assert TrainConfig(dataset="d", network={"name": "dynunet"}, batch_size=5).batch_size == 5

    def test_slices_have_settings_of_their_own(self):
        for name in ("unet", "segformer"):
            config = TrainConfig(dataset="d", network={"name": name})
            assert (config.patch, config.batch_size, config.thickness) == ((96, 128), 12, 1)

    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"network": {"name": "dynunet"}, "patch": (64, 64)}, "3 numbers for 'dynunet'"),
            ({"patch": (64, 64, 64)}, "2 numbers for 'unet'"),
            ({"network": {"name": "dynunet"}, "patch": (40, 64, 64)}, "multiples of 16"),
            ({"network": {"name": "dynunet"}, "patch": (16, 16, 16)}, "one side must be larger"),
            ({"network": {"name": "segformer"}, "patch": (48, 48)}, "multiples of 32"),
            (
                {"network": {"name": "dynunet"}, "preprocessing": {"neighbours": 1}},
                "neighbours must be 0",
            ),
            (
                {"network": {"name": "dynunet"}, "preprocessing": {"axis": "all"}},
                "axis must be one of the three",
            ),
            ({"preprocessing": {"neighbours": -1}}, "preprocessing.neighbours"),
        ],
    )
    def test_what_does_not_fit_the_network_is_refused(self, settings, words):
        with pytest.raises(UserError, match=words):
            TrainConfig.checked({"dataset": "d", **settings}, origin="config.json")


def test_a_training_whose_network_has_no_package_leaves_no_run(tmp_path, balls, monkeypatch):
    monkeypatch.setitem(sys.modules, "partialseg_trainer.networks.dynunet", None)
    with pytest.raises(UserError, match=r"trainer\[3d\]"):
        prepare_run(tmp_path / "run", settings(balls, "dynunet"))
    assert not (tmp_path / "run").exists()


def test_a_model_of_blocks_that_does_not_say_how_large_they_are_is_refused(tmp_path, balls):
    pytest.importorskip("monai")
    run = trained(tmp_path / "run", settings(balls, "dynunet", epochs=1, slices_per_epoch=32))
    content = json.loads((run.model / "model.json").read_text())
    (run.model / "model.json").write_text(json.dumps({**content, "patch": None}))
    with pytest.raises(UserError, match="patch must be given"):
        load_model(run.model)
