"""A network that left the house says the same there as here."""

import json
import sys

import numpy as np
import pytest
import torch

from partialseg_trainer.errors import UserError
from partialseg_trainer.inference import load_model
from partialseg_trainer.inference.export import KINDS, export_model
from partialseg_trainer.losses.heads import leaf_logits
from partialseg_trainer.networks.model import Model


def ours(model: Model, images: np.ndarray) -> np.ndarray:
    """What the trained network says, in full precision."""
    info = model.info
    with torch.inference_mode():
        logits = model.network(torch.from_numpy(images))
        leaves = leaf_logits(logits, info.head, model.scheme, info.decoding, info.untold)
        return leaves.softmax(1).numpy()


def by_onnxruntime(path, images):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(["probabilities"], {"image": images})
    return found


def by_torchscript(path, images):
    with torch.inference_mode():
        return torch.jit.load(path)(torch.from_numpy(images)).numpy()


RUNS = {"onnx": by_onnxruntime, "torchscript": by_torchscript, "monai-bundle": by_torchscript}


@pytest.mark.parametrize("kind", KINDS)
def test_other_sizes_than_the_example_give_the_same_as_here(kind, model, tmp_path):
    if kind == "onnx":
        pytest.importorskip("onnx")
    loaded = load_model(model)
    folder = export_model(loaded, kind, tmp_path / "out")
    told = json.loads((folder / "description.json").read_text())
    assert told["output"]["values"] == loaded.scheme.leaf_values.tolist()
    images = np.random.default_rng(0).random((3, 1, 24, 32), dtype=np.float32)
    found = RUNS[kind](str(folder / told["file"]), images)
    assert found.shape == (3, loaded.scheme.n_leaves, 24, 32)
    assert np.abs(found - ours(loaded, images)).max() < 1e-5
    assert (folder / "MODEL_CARD.md").is_file()
    with pytest.raises(UserError, match="out"):
        export_model(loaded, kind, folder)


def test_an_unknown_form_is_refused(model, tmp_path):
    with pytest.raises(UserError, match="choose one of onnx, torchscript"):
        export_model(load_model(model), "exe", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_package_that_is_missing_is_named_with_how_to_install_it(model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UserError, match=r"package onnx, .*partialseg-trainer\[export\]"):
        export_model(load_model(model), "onnx", tmp_path / "out")
    assert not (tmp_path / "out").exists()
