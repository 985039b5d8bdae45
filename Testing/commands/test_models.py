"""`partialseg models`: which there are, and what one is."""

import json
import shutil


def test_your_own_models_are_listed_and_known_by_name(partialseg, model, scan, tmp_path):
    own = tmp_path / "home" / "PartialSeg" / "models" / "mine"
    shutil.copytree(model, own)
    listed = json.loads(partialseg("models", "list", "--json").out)
    assert str(own) in [entry["folder"] for entry in listed]
    assert str(own) in partialseg("models", "list").out
    words = ("segment", scan, "-o", tmp_path / "seg.nii.gz", "--model", "mine")
    assert partialseg(*words).code == 0


def test_a_damaged_model_does_not_hide_the_others(partialseg, model, tmp_path):
    models = tmp_path / "home" / "PartialSeg" / "models"
    shutil.copytree(model, models / "mine")
    (models / "damaged").mkdir()
    (models / "damaged" / "model.json").write_text("{}")
    shown = partialseg("models", "list", "--json")
    assert shown.code == 0 and "damaged" in shown.err
    assert str(models / "mine") in [entry["folder"] for entry in json.loads(shown.out)]


def test_a_model_is_shown_with_labels_and_scores(partialseg, model):
    shown = partialseg("models", "show", model).out
    assert "Pons" in shown and "0.500" in shown and "width 2" in shown
    content = json.loads(partialseg("models", "show", model, "--json").out)
    assert content["scores"] == {"validation": {"pons": 0.5, "medulla": None}}


def test_a_model_with_damaged_weights_is_refused(partialseg, model, tmp_path):
    copied = shutil.copytree(model, tmp_path / "model")
    (copied / "weights.safetensors").write_bytes(b"damaged")
    result = partialseg("models", "show", copied)
    assert result.code == 2 and "weights.safetensors" in result.sentence
