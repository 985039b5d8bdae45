"""The models to choose from, before and after the engine's packages are there."""

import json
import shutil
import sys

import pytest

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.models import default_model, list_models, user_models
from partialseg_trainer.runs import default_root
from PartialSegLib.engine.models import defaultModel, models, readModel, schemeOf


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A user without models."""
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


def addModel(folder, **changes):
    shutil.copytree(default_model(), folder)
    info = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    (folder / "model.json").write_text(json.dumps({**info, **changes}), encoding="utf-8")
    return folder


def test_the_default_model_is_the_engines_and_needs_no_package(monkeypatch):
    for name in ("platformdirs", "pydantic", "partialseg_trainer.models"):
        monkeypatch.setitem(sys.modules, name, None)
    (card,) = models()
    assert card.name == ""
    assert defaultModel() == default_model()
    assert (card.title, card.scheme.name) == ("Newborn brain, T2-weighted, nine tissues", "dhcp9")
    assert all(0.5 < dice < 1 for dice in card.meanDice.values())


def test_the_users_models_and_those_of_runs_are_the_engines():
    addModel(user_models() / "mine", title="Mine")
    run = default_root() / "2026-12-01-run"
    run.mkdir(parents=True)
    (run / "config.json").write_text("{}")
    addModel(run / "model", title="", name="of a run", scores={"validation": {"csf": None}})
    cards = models()
    assert {card.name for card in cards[1:]} == {str(folder) for folder in list_models()[1:]}
    assert [card.title for card in cards[1:]] == ["Mine", "of a run"]
    assert cards[2].meanDice == {}


@pytest.mark.parametrize("content", ["{}", "[]", "no JSON", '{"name": 1, "date": "", "scheme": 3}'])
def test_a_damaged_model_is_passed_over_and_named_in_the_log(content, caplog):
    folder = addModel(user_models() / "damaged")
    (folder / "model.json").write_text(content)
    assert len(models()) == 1
    assert "damaged" in caplog.text
    with pytest.raises(UserError, match="damaged"):
        readModel(str(folder))


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(UserError, match="holds no model"):
        readModel(str(tmp_path))


def test_a_preset_with_the_same_labels_is_the_scheme_of_a_model_whatever_it_is_called(tmp_path):
    assert schemeOf(readModel("")) == "dhcp9"
    content = {**LabelScheme.load("fetal8").to_dict(), "name": "renamed", "title": "Renamed"}
    assert schemeOf(readModel(str(addModel(tmp_path / "a", scheme=content)))) == "fetal8"
    content["labels"] = content["labels"][:-1]
    other = addModel(tmp_path / "b", scheme=content)
    assert schemeOf(readModel(str(other))) == str(other)
