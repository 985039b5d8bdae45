"""A model folder comes back as it was saved, and whatever is wrong with it is said."""

import json
import os
import pickle

import pytest
import torch

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.limits import GRID
from partialseg_trainer.models import ModelInfo, NetworkSettings
from partialseg_trainer.networks import build_network
from partialseg_trainer.networks.model import (
    load_model,
    save_model,
    versions,
)
from partialseg_trainer.volumes.preprocessing import Preprocessing


@pytest.fixture
def saved(tmp_path):
    scheme = LabelScheme.load("brainstem")
    network = build_network("unet", 1, len(scheme), width=2, depth=2)
    info = ModelInfo(
        name="tiny",
        date="2026-01-01",
        loss="iuc",
        head="labels",
        network=NetworkSettings(width=2, depth=2),
        preprocessing=Preprocessing(),
        scheme=scheme.to_dict(),
        training_data="none",
        versions=versions(),
    )
    save_model(tmp_path / "model", network, info, card="# Tiny\n", preview=b"png")
    return tmp_path / "model", network


def test_network_scheme_and_preprocessing_come_back(saved):
    folder, network = saved
    model = load_model(folder)
    assert model.scheme == LabelScheme.load("brainstem")
    assert model.info.preprocessing == Preprocessing()
    for name, weights in network.state_dict().items():
        assert torch.equal(weights, model.network.state_dict()[name]), name
    assert not model.network.training


def test_a_person_can_read_the_folder(saved):
    names = {path.name for path in saved[0].iterdir()}
    assert names == {"model.json", "weights.safetensors", "MODEL_CARD.md", "preview.png"}


def test_a_folder_in_use_is_not_overwritten(saved):
    folder, network = saved
    with pytest.raises(UserError, match="already exists"):
        save_model(folder, network, load_model(folder).info, card="")


def test_damaged_weights_are_refused(saved):
    weights = saved[0] / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(UserError, match="checksum"):
        load_model(saved[0])


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 64, pickle.dumps({"weights": 1})], ids=["empty", "zeros", "pickle"]
)
def test_weights_of_another_kind_are_refused_and_never_executed(saved, content):
    (saved[0] / "weights.safetensors").write_bytes(content)
    with pytest.raises(UserError, match="not a valid safetensors file"):
        load_model(saved[0])


def test_missing_weights_are_named(saved):
    (saved[0] / "weights.safetensors").unlink()
    with pytest.raises(UserError, match=r"weights\.safetensors is missing"):
        load_model(saved[0])


def test_weights_of_another_network_are_refused(saved):
    path = saved[0] / "model.json"
    content = json.loads(path.read_text())
    content["network"]["width"] = 4
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match="different models"):
        load_model(saved[0])


@pytest.mark.parametrize("width", [2000, 10**9, 2**62])
def test_no_memory_is_taken_for_a_network_that_the_weights_do_not_have(saved, width):
    path = saved[0] / "model.json"
    content = json.loads(path.read_text())
    content["network"] |= {"width": width, "depth": 8}
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match="different models"):
        load_model(saved[0])


def test_weights_that_are_a_pipe_or_a_folder_are_refused(saved):
    weights = saved[0] / "weights.safetensors"
    weights.unlink()
    weights.mkdir()
    with pytest.raises(UserError, match="is a folder"):
        load_model(saved[0])
    if hasattr(os, "mkfifo"):
        weights.rmdir()
        os.mkfifo(weights)
        with pytest.raises(UserError, match="is a pipe"):
            load_model(saved[0])


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("preprocessing", {"spacing": float("inf")}, r"preprocessing\.spacing"),
        ("network", {"name": "dynunet"}, GRID.variable),
        ("network", {"name": []}, r"network\.name"),
    ],
)
def test_sizes_beyond_all_are_refused_by_name(saved, field, value, words):
    path = saved[0] / "model.json"
    content = json.loads(path.read_text())
    content |= {field: value, "patch": [10**6] * 3 if field == "network" else None}
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match=words):
        load_model(saved[0])


def test_a_wrong_field_is_named(saved):
    path = saved[0] / "model.json"
    content = json.loads(path.read_text())
    content["head"] = "sigmoid"
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"model\.json: head"):
        load_model(saved[0])


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(UserError, match="not a model folder"):
        load_model(tmp_path)
