"""Whole trainings, small ones: they learn, stop, resume, refuse and explain."""

import errno
import json
import os
import re
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from ball_scans import SCHEME, ball, make_dataset
from partialseg_trainer.dataset import assign_splits
from partialseg_trainer.errors import UserError
from partialseg_trainer.inference import load_model, segment
from partialseg_trainer.labels import LabelSets
from partialseg_trainer.models import NetworkSettings
from partialseg_trainer.runs import (
    RunFolder,
    RunState,
    read_log_tail,
    read_metrics,
    read_status,
    request_stop,
    start,
    wait,
)
from partialseg_trainer.training import TrainConfig, prepare_run, train
from partialseg_trainer.training.material.augmentation import augment
from partialseg_trainer.training.material.split import recorded_cases


def trained(tmp_path, config, name="run"):
    run = prepare_run(tmp_path / name, config)
    train(run)
    return run


CHECKPOINTS = {"best.ckpt", "last.ckpt", "previous.ckpt"}


def weights_of(run):
    return torch.load(run.checkpoints / "last.ckpt", weights_only=False)["state_dict"]


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def test_two_full_scans_and_three_partial_ones_teach_the_parts(tmp_path, quick):
    longer = {
        "epochs": 25,
        "slices_per_epoch": 128,
        "schedule": "one_cycle",
        "learning_rate": 0.01,
        "network": NetworkSettings(width=8, depth=3),
        "validation_fraction": 0.0,  # a partial scan cannot tell when the parts are learned
    }
    run = trained(tmp_path, quick.model_copy(update=longer))
    image, labelmap = ball(99)
    found = np.asarray(segment(image, load_model(run.model)).labelmap.dataobj)
    for name in SCHEME.names:
        predicted, truth = SCHEME.mask(found, name), SCHEME.mask(labelmap, name)
        assert 2 * (predicted & truth).sum() / (predicted.sum() + truth.sum()) > 0.8, name


@pytest.mark.parametrize("loss", ["supervised", "marginal_ce", "marginal_ce+dice"])
def test_every_loss_leaves_a_model_and_a_record_of_its_epochs(tmp_path, quick, loss):
    run = trained(tmp_path, quick.model_copy(update={"loss": loss}))
    assert read_status(run).state is RunState.FINISHED
    rows = read_metrics(run)
    assert [row["epoch"] for row in rows] == [0, 1, 2]
    assert all(np.isfinite(row["training_loss"]) for row in rows)
    model = load_model(run.model)
    assert model.info.loss == loss
    assert {path.name for path in run.model.iterdir()} == {
        *("model.json", "weights.safetensors", "MODEL_CARD.md", "preview.png")
    }


def test_the_same_seed_gives_the_same_weights(tmp_path, quick):
    first, second = (weights_of(trained(tmp_path, quick, name)) for name in ("a", "b"))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_training_killed_in_the_middle_resumes_to_the_same_weights(tmp_path, quick):
    config = quick.model_copy(update={"epochs": 6, "schedule": "one_cycle"})
    expected = weights_of(trained(tmp_path, config, "whole"))
    run = prepare_run(tmp_path / "killed", config)
    start(run)
    wait_until(lambda: (read_status(run).epoch or 0) >= 2)
    import psutil

    psutil.Process(read_status(run).pid).send_signal(signal.SIGKILL)
    wait_until(lambda: read_status(run).state is RunState.INTERRUPTED)
    start(run, resume=True)
    assert wait(run, timeout=120).state is RunState.FINISHED
    found = weights_of(run)
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert [row["epoch"] for row in read_metrics(run)] == list(range(6))
    log = read_log_tail(run, lines=1000)
    for line in log.splitlines():
        said = r"Removed |Training on CPU|Epoch \d of 6|The model is saved"
        assert re.match(rf"[\d-]+ [\d:]+ ({said})", line)
    assert "Epoch 6 of 6: " in log and "training loss" in log


def test_every_epoch_leaves_a_checkpoint_to_resume_from_the_best_or_not(tmp_path, quick):
    config = quick.model_copy(
        update={"epochs": 4, "learning_rate": 1e-30, "monitor": "validation_dice"}
    )
    run = trained(tmp_path, config)
    epochs = {
        name: torch.load(run.checkpoints / f"{name}.ckpt", weights_only=False)["epoch"]
        for name in ("best", "last")
    }
    assert epochs["last"] == 3 > epochs["best"]
    assert {path.name for path in run.checkpoints.iterdir()} == CHECKPOINTS


def test_a_full_disk_ends_a_training_with_that_reason_and_leaves_the_last_checkpoint(
    tmp_path, quick, monkeypatch
):
    save = torch.save

    def save_until_full(content, path):
        if content["epoch"] < 2:
            return save(content, path)
        path.write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(torch, "save", save_until_full)
    run = prepare_run(tmp_path / "run", quick)
    with pytest.raises(OSError, match="No space"):
        train(run)
    status = read_status(run)
    assert status.state is RunState.FAILED and "free some space" in status.message
    assert {path.name for path in run.checkpoints.iterdir()} == CHECKPOINTS
    monkeypatch.undo()
    train(run)
    assert read_status(run).state is RunState.FINISHED
    assert [row["epoch"] for row in read_metrics(run)] == [0, 1, 2]


def test_a_training_stops_on_request_with_the_best_model_so_far(tmp_path, quick):
    run = prepare_run(tmp_path / "run", quick.model_copy(update={"epochs": 500, "patience": 500}))
    start(run)
    wait_until(lambda: (read_status(run).epoch or 0) >= 1)
    request_stop(run)
    status = wait(run, timeout=60)
    assert status.state is RunState.STOPPED
    assert load_model(run.model).info.training_data


def test_a_training_without_validation_scans_still_ends_with_a_model(tmp_path, quick):
    run = trained(tmp_path, quick.model_copy(update={"validation_fraction": 0.0}))
    assert read_status(run).state is RunState.FINISHED
    assert load_model(run.model).info.scores == {}


def test_training_goes_on_from_a_model(tmp_path, quick):
    first = trained(tmp_path, quick, "first")
    config = quick.model_copy(update={"initial_model": first.model, "learning_rate": 1e-9})
    again = trained(tmp_path, config, "again")
    weights = load_model(first.model).network.head.weight
    assert torch.allclose(weights, load_model(again.model).network.head.weight, atol=1e-5)


def test_an_initial_model_may_be_named_from_where_one_is(tmp_path, quick, monkeypatch):
    first = trained(tmp_path, quick.model_copy(update={"epochs": 1}), "first")
    monkeypatch.chdir(tmp_path)
    config = quick.model_copy(update={"initial_model": first.model.relative_to(tmp_path)})
    run = prepare_run(tmp_path / "run", config)
    monkeypatch.chdir(run.path)
    train(run)
    assert read_status(run).state is RunState.FINISHED


def test_a_run_that_was_moved_resumes_to_a_model(tmp_path, quick):
    config = quick.model_copy(update={"epochs": 2})
    first = trained(tmp_path, config, "first")
    shutil.rmtree(first.model)
    first.status_file.unlink()
    moved = RunFolder(shutil.move(first.path, tmp_path / "moved"))
    train(moved)
    assert load_model(moved.model).info.training_data


def test_mixed_precision_leaves_positions_and_sums_exact(tmp_path, quick, monkeypatch):
    precisions = []

    def spied(*arguments):
        precisions.append(torch.is_autocast_enabled("cpu"))
        return augment(*arguments)

    monkeypatch.setattr("partialseg_trainer.training.step.module.augment", spied)
    trained(tmp_path, quick.model_copy(update={"precision": "bfloat16", "epochs": 1}))
    assert precisions and not any(precisions)


class TestRefusals:
    def test_supervised_training_without_a_full_scan(self, tmp_path, quick):
        dataset = make_dataset(tmp_path / "partial", full=0, partial=3)
        config = quick.model_copy(update={"dataset": dataset.folder, "loss": "supervised"})
        with pytest.raises(UserError, match="no fully labelled scan"):
            prepare_run(tmp_path / "run", config)
        assert not (tmp_path / "run").exists()

    def test_partial_scans_alone_when_a_label_is_marked_in_none(self, tmp_path, quick):
        dataset = make_dataset(tmp_path / "partial", full=0, partial=3)
        with pytest.raises(UserError, match=r"no fully labelled scan.*core, shell"):
            prepare_run(tmp_path / "run", quick.model_copy(update={"dataset": dataset.folder}))
        assert not (tmp_path / "run").exists()

    def test_a_dataset_that_is_none(self, tmp_path, quick):
        with pytest.raises(UserError, match="not a PartialSeg dataset"):
            prepare_run(tmp_path / "run", quick.model_copy(update={"dataset": tmp_path}))

    def test_an_empty_dataset(self, tmp_path, quick):
        dataset = make_dataset(tmp_path / "empty", full=0, partial=0)
        with pytest.raises(UserError, match="no cases"):
            prepare_run(tmp_path / "run", quick.model_copy(update={"dataset": dataset.folder}))

    def test_a_model_of_another_scheme(self, tmp_path, quick):
        run = trained(tmp_path, quick.model_copy(update={"epochs": 1}), "first")
        info = json.loads((run.model / "model.json").read_text())
        info["scheme"]["labels"][0]["children"][0]["name"] = "kernel"
        (run.model / "model.json").write_text(json.dumps(info))
        with pytest.raises(UserError, match="choose a model that fits"):
            prepare_run(tmp_path / "run", quick.model_copy(update={"initial_model": run.model}))

    def test_a_model_whose_outputs_mean_something_else(self, tmp_path, quick):
        first = quick.model_copy(update={"epochs": 1, "loss": "iuc"})
        run = trained(tmp_path, first, "first")
        assert len(SCHEME) == SCHEME.n_leaves  # so the weights alone would fit
        config = quick.model_copy(update={"initial_model": run.model, "loss": "marginal_ce"})
        with pytest.raises(UserError, match=r"tells labels apart.*choose a model or a loss"):
            prepare_run(tmp_path / "run", config)

    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"loss": "magic"}, "loss.*choose one of iuc"),
            ({"network": {"name": "vnet"}}, "network.*unet"),
            ({"patch": (100, 100)}, "multiples of 16"),
            ({"epochs": 0}, "epochs"),
            ({"device": "tpu"}, "device"),
            ({"learning_rat": 1}, "learning_rat"),
        ],
    )
    def test_a_setting_that_does_not_exist_or_fit(self, settings, words):
        with pytest.raises(UserError, match=words):
            TrainConfig.checked({"dataset": "d", **settings}, origin="config.json")


@pytest.mark.parametrize(
    ("loss", "options", "words"),
    [
        ("marginal_focal", {"gama": 3}, r"loss_options.*no option 'gama'; it has gamma"),
        ("marginal_focal", {"gamma": -1}, r"loss_options.*gamma"),
        ("marginal_ce+iuc", {}, "'iuc', which is not over a softmax of leaves"),
    ],
)
def test_an_option_that_a_loss_does_not_have_or_take_is_refused(loss, options, words):
    with pytest.raises(UserError, match=words):
        TrainConfig.checked({"dataset": "d", "loss": loss, "loss_options": options})


def test_any_sum_of_losses_trains_and_its_options_reach_it(tmp_path, quick):
    losses = {}
    for gamma in (2.0, 4.0):
        settings = {"loss": "marginal_focal+marginal_dice", "loss_options": {"gamma": gamma}}
        config = TrainConfig.checked({**quick.model_dump(), **settings, "epochs": 1})
        run = trained(tmp_path, config, f"run-{gamma}")
        losses[gamma] = read_metrics(run)[0]["training_loss"]
    assert losses[2.0] != losses[4.0]
    assert load_model(run.model).info.loss == "marginal_focal+marginal_dice"


def test_a_resumed_training_keeps_its_split_when_scans_were_added(tmp_path, quick, balls):
    run = prepare_run(tmp_path / "run", quick)
    before = json.loads((run.path / "split.json").read_text())
    image, labelmap = ball(50)
    sets = LabelSets.from_labelmap(SCHEME, labelmap, known=SCHEME.names)
    balls.add_case("50", image, sets, dict.fromkeys(SCHEME.names, "complete"))
    cases, validation = recorded_cases(run.path / "split.json", balls)
    assert sorted(case.name for case in cases) == sorted(before["training"] + before["validation"])
    assert {f"sub-{subject}" for subject in validation} == set(before["validation"])


def test_a_run_says_who_was_kept_for_tests(tmp_path, quick, balls):
    first = balls.cases[0].name
    assign_splits(balls, {balls.cases[0].subject: "test"})
    names = json.loads((prepare_run(tmp_path / "run", quick).path / "split.json").read_text())
    assert names["test"] == [first]
    assert first not in names["training"] + names["validation"]


def test_a_resumed_training_says_which_scan_is_gone(tmp_path, quick, balls):
    run = prepare_run(tmp_path / "run", quick)
    shutil.rmtree(balls.folder / "sub-03")
    with pytest.raises(UserError, match="no longer has sub-03"):
        train(run)


def test_a_dataset_that_cannot_be_written_trains_from_the_users_cache(
    tmp_path, quick, balls, monkeypatch
):
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != balls.folder)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    run = trained(tmp_path, quick.model_copy(update={"epochs": 1}))
    assert read_status(run).state is RunState.FINISHED
    assert not (balls.folder / ".cache").exists()


def test_gradients_are_clipped_and_weights_decay_as_the_settings_say(tmp_path, quick):
    # So short a gradient moves nothing beside Adam's epsilon, and so much decay leaves nothing.
    short = {"epochs": 1, "slices_per_epoch": 8, "gradient_clip": 1e-14}
    still = {"epochs": 1, "slices_per_epoch": 8, "learning_rate": 1e-30}
    decaying = {**short, "weight_decay": 1 / quick.learning_rate, "head_rate": 1}
    clipped, first, none = (
        weights_of(trained(tmp_path, quick.model_copy(update=changes), name))
        for name, changes in {"clipped": short, "still": still, "none": decaying}.items()
    )
    learned = [name for name in first if name.endswith(("weight", "bias"))]
    assert all(torch.allclose(clipped[name], first[name], atol=1e-6) for name in learned)
    assert all(none[name].abs().max() < 1e-6 for name in learned)
