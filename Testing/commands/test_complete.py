"""`partialseg complete`: the rest of a scan from what was drawn on it."""

import json

import numpy as np
import pytest

from partialseg_trainer.completion import Effort
from partialseg_trainer.inference import load_model
from partialseg_trainer.volumes import Volume, read_labelmap, write_volume


@pytest.fixture
def drawn(pairs, tmp_path):
    """Two slices of a scan, all labels in them drawn."""
    labels = read_labelmap(pairs / "labels" / "0.nii.gz")
    data = np.zeros_like(labels.data)
    data[8], data[15] = labels.data[8], labels.data[15]
    write_volume(tmp_path / "drawn.nii.gz", Volume(data, labels.affine))
    return tmp_path / "drawn.nii.gz"


def test_it_learns_keeps_what_was_drawn_and_says_what_to_draw_next(
    partialseg, model, scan, drawn, tmp_path, monkeypatch
):
    monkeypatch.setattr(Effort, "times", lambda self, factor: Effort(steps=6, seconds=1e6))
    words = ("complete", scan, "-o", tmp_path / "out.nii.gz", "--model", model)
    kept = ("--keep-model", tmp_path / "kept")
    result = partialseg(*words, "--known", f"{drawn}:sagittal", *kept, "--json")
    assert result.code == 0, result.err
    told = json.loads(result.out)
    assert told["learned"] and not told["reason"] and told["draw_next"]["kind"]
    found, expected = read_labelmap(tmp_path / "out.nii.gz").data, read_labelmap(drawn).data
    assert np.array_equal(found[[8, 15]], expected[[8, 15]])
    assert load_model(tmp_path / "kept").info.name == "small-adapted"
    again = partialseg(*words, "--known", drawn, "--overwrite", *kept)
    assert again.code == 2 and "is there already" in again.sentence


def test_too_little_and_another_contrast_are_said_and_what_was_drawn_is_kept(
    partialseg, model, scan, drawn, tmp_path
):
    labels = read_labelmap(drawn)
    one = Volume(np.where(labels.data == 2, 2, 0).astype(np.uint8), labels.affine)
    write_volume(tmp_path / "pons.nii.gz", one)
    words = ("-o", tmp_path / "out.nii.gz", "--model", model, "--known", tmp_path / "pons.nii.gz")
    of_another = tmp_path / "sub-1_T1w.nii.gz"
    of_another.write_bytes(scan.read_bytes())
    result = partialseg("complete", of_another, *words)
    assert result.code == 0 and "Only 'pons' was drawn" in result.err
    assert "It is a T1w by its name" in result.err
    assert (read_labelmap(tmp_path / "out.nii.gz").data[one.data == 2] == 2).all()


def test_nothing_drawn_is_refused(partialseg, model, scan, tmp_path):
    result = partialseg("complete", scan, "-o", tmp_path / "out.nii.gz", "--model", model)
    assert result.code == 2 and "name it with --known" in result.sentence
