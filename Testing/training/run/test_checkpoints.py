"""What is damaged in a run is named with a remedy, and what cannot end well is refused early."""

import json
import os
import shutil
from collections import namedtuple
from types import SimpleNamespace

import pytest
import torch
from filelock import FileLock
from torch import nn

from partialseg_trainer.errors import UserError
from partialseg_trainer.runs import RunFolder, RunState, read_metrics, read_status
from partialseg_trainer.training import TrainConfig, prepare_run, train
from partialseg_trainer.training.material.slices import open_store
from partialseg_trainer.training.material.split import recorded_cases
from partialseg_trainer.training.run.checkpoints import (
    BEST,
    LAST,
    PREVIOUS,
    WholeCheckpoints,
    checkpoint_to_resume,
)

STATE = {"weight": torch.ones(3, 4), "bias": torch.zeros(3)}
DAMAGES = {
    "cut off": lambda path: os.truncate(path, path.stat().st_size // 2),
    "cut off early": lambda path: os.truncate(path, path.stat().st_size // 4),
    "empty": lambda path: path.write_bytes(b""),
    "a flipped byte": lambda path: path.write_bytes(
        (content := path.read_bytes())[:200] + bytes([content[200] ^ 255]) + content[201:]
    ),
    "text": lambda path: path.write_text("not a checkpoint"),
    "of another network": lambda path: torch.save(content_of(0, {"weight": torch.ones(9)}), path),
    "a pickle with code in it": lambda path: torch.save({"state_dict": SimpleNamespace()}, path),
    "something else": lambda path: torch.save([1, 2], path),
}


def content_of(epoch, state=STATE):
    return {"epoch": epoch, "global_step": 1, "state_dict": state, "optimizer_states": []}


@pytest.fixture
def run(tmp_path):
    return RunFolder.create(tmp_path / "run", {})


def save(run, name, epoch):
    WholeCheckpoints().save_checkpoint(content_of(epoch), run.checkpoints / name)


def test_the_last_checkpoint_stays_as_the_previous_one(run):
    for epoch in range(3):
        save(run, LAST, epoch)
        save(run, BEST, 0)
    found = {
        path.name: torch.load(path, weights_only=True)["epoch"]
        for path in run.checkpoints.iterdir()
    }
    assert found == {LAST: 2, PREVIOUS: 1, BEST: 0}


def test_a_disk_without_second_names_has_the_last_one_alone(run, monkeypatch):
    def link(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", link)
    for epoch in range(2):
        save(run, LAST, epoch)
    assert [path.name for path in run.checkpoints.iterdir()] == [LAST]


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_checkpoint_is_named_and_another_offered_that_then_is_taken(run, damage):
    for epoch in range(3):
        save(run, LAST, epoch)
    save(run, BEST, 0)
    for name, offered, epoch in ((LAST, PREVIOUS, 2), (PREVIOUS, BEST, 1)):
        damage(run.checkpoints / name)
        with pytest.raises(
            UserError, match=rf"{name} is .*\. Delete {name} .*from {offered}, after epoch {epoch}"
        ):
            checkpoint_to_resume(run, STATE)
        (run.checkpoints / name).unlink()
        assert checkpoint_to_resume(run, STATE) == run.checkpoints / offered
    damage(run.checkpoints / BEST)
    with pytest.raises(UserError, match=r"best\.ckpt.*begins anew"):
        checkpoint_to_resume(run, STATE)
    (run.checkpoints / BEST).unlink()
    assert checkpoint_to_resume(run, STATE) is None


def test_a_training_says_which_of_its_files_is_damaged_and_goes_on_as_it_said(tmp_path, quick):
    run = prepare_run(tmp_path / "run", quick)
    split = run.path / "split.json"
    good = split.read_bytes()
    for content in (b"", b'{"training": [1]}', b"\xff", b'{"training": ["sub-01"]}'):
        split.write_bytes(content)
        with pytest.raises(UserError, match=r"split\.json.*(from a copy|make a new run)"):
            train(run)
        assert read_status(run).state is RunState.FAILED
        assert "split.json" in read_status(run).message
    split.write_bytes(good)
    train(run)

    config = json.loads(run.config_file.read_text())
    run.config_file.write_text(json.dumps(config | {"epochs": 4}))
    DAMAGES["cut off"](run.checkpoints / LAST)
    with pytest.raises(UserError, match=r"last\.ckpt is damaged"):
        train(run)
    assert "previous.ckpt, after epoch 2" in read_status(run).message
    (run.checkpoints / LAST).unlink()
    (run.checkpoints / ".0123abcd-last.ckpt").write_bytes(b"half")
    # A store that lost its end in a power cut is made anew.
    (store,) = (quick.dataset / ".cache").glob("slices-*/")
    os.truncate(store / "images.bin", 1000)
    train(run)
    assert read_status(run).state is RunState.FINISHED
    assert [row["epoch"] for row in read_metrics(run)] == [0, 1, 2, 3]
    assert not list(run.checkpoints.glob(".*"))


def test_the_next_training_removes_stores_that_were_being_made(balls, quick):
    cache = balls.folder / ".cache"
    halves = [cache / f".0123abc{digit}-slices-{digit * 16}" for digit in "ab"]
    for half in halves:
        half.mkdir(parents=True)
        (half / "images.bin").write_bytes(b"half")
    # Another process is just making this one.
    with FileLock(cache / f"slices-{'b' * 16}.lock"):
        open_store(balls, balls.cases[:1], quick.preprocessing)
    assert [half.exists() for half in halves] == [False, True]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps other accounts out of homes")
def test_the_users_cache_is_the_users_alone(balls, quick, tmp_path, monkeypatch):
    cache = tmp_path / "home" / "PartialSeg"
    cache.mkdir(parents=True, mode=0o755)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: cache)
    monkeypatch.setattr("os.access", lambda *_: False)
    open_store(balls, balls.cases[:1], quick.preprocessing)
    assert cache.stat().st_mode & 0o777 == 0o700


def test_no_half_of_a_run_is_left_where_the_disk_is_full(tmp_path, quick, monkeypatch):
    runs = tmp_path / "runs"
    runs.mkdir()
    write = RunFolder.create.__globals__["write_json"]

    def write_until_full(path, content):
        if path.name == "split.json":
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setitem(RunFolder.create.__globals__, "write_json", write_until_full)
    with pytest.raises(UserError, match="No space left"):
        prepare_run(runs / "run", quick)
    assert list(runs.iterdir()) == []


def test_a_training_asks_for_room_before_it_begins(tmp_path, quick, monkeypatch):
    run = prepare_run(tmp_path / "run", quick)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 20_000))
    with pytest.raises(UserError, match=r"checkpoints.*MB left; free some space"):
        train(run)
    assert read_metrics(run) == []


FLOATS = {
    "learning_rate": {},
    "head_rate": {},
    "gradient_clip": {},
    "weight_decay": {},
    "augmentation": ["rotation", "shear", "displacement", "tone", "bias", "noise", "scale"],
    "preprocessing": ["spacing"],
    "strategy_options": ["weight"],
}


@pytest.mark.parametrize("value", [float("inf"), float("nan"), float("-inf")])
@pytest.mark.parametrize("field", FLOATS)
def test_what_is_not_finite_is_refused(field, value):
    for inner in FLOATS[field] or [None]:
        content = {"dataset": "d", "loss": "marginal_ce", "strategy": "mean_teacher"}
        content[field] = value if inner is None else {inner: value}
        with pytest.raises(UserError, match=inner or field):
            TrainConfig.checked(content)


@pytest.mark.parametrize("validates", [True, False])
def test_a_training_that_ends_in_no_numbers_has_failed(tmp_path, quick, monkeypatch, validates):
    """The loss of the last step is finite, and what the step makes of the weights is not."""
    step = torch.optim.Adam.step

    def spoil(self, closure=None):
        loss = step(self, closure)
        self.param_groups[0]["params"][0].data.fill_(float("nan"))
        return loss

    monkeypatch.setattr(torch.optim.Adam, "step", spoil)
    changes = {"epochs": 1, "slices_per_epoch": 8, "validation_fraction": 0.2 * validates}
    run = prepare_run(tmp_path / "run", quick.model_copy(update=changes))
    with pytest.raises(FloatingPointError):
        train(run)
    status = read_status(run)
    assert status.state is RunState.FAILED and "not a number" in status.message
    assert not run.model.exists()


def test_recorded_cases_names_the_file(tmp_path, balls):
    with pytest.raises(UserError, match=r"split\.json"):
        recorded_cases(tmp_path / "split.json", balls)


def test_a_module_is_compared_by_names_and_shapes(run):
    save(run, LAST, 0)
    assert checkpoint_to_resume(run, nn.Linear(4, 3).state_dict()) == run.checkpoints / LAST
