"""Models are found by folder, run or name, and a run's model is kept beside the user's own."""

import pytest

from partialseg_trainer.errors import UserError
from partialseg_trainer.files import write_json
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.models import (
    ModelInfo,
    NetworkSettings,
    default_model,
    find_model,
    list_models,
    read_info,
    use_model,
    user_models,
)
from partialseg_trainer.runs import RunFolder
from partialseg_trainer.volumes.preprocessing import Preprocessing


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A user without any model or run."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    if not user_models().is_relative_to(tmp_path):
        pytest.skip("where user data lie cannot be changed on this system")


def describe(folder, name="mine", weights="a" * 64):
    """Leave a model folder whose weights nobody reads."""
    info = ModelInfo(
        name=name,
        date="2026-01-02",
        loss="iuc",
        head="labels",
        network=NetworkSettings(),
        preprocessing=Preprocessing(),
        scheme=LabelScheme.load("brainstem").to_dict(),
        training_data="nothing",
        weights_sha256=weights,
    )
    folder.mkdir(parents=True)
    write_json(folder / "model.json", info.model_dump())
    (folder / "weights.safetensors").write_text(weights)
    return folder


def finished_run(path, **model):
    run = RunFolder.create(path, {})
    describe(run.model, **model)
    return run


def test_the_default_model_is_listed_first_then_the_users_then_those_of_runs(tmp_path):
    run = finished_run(tmp_path / "runs" / "a")
    RunFolder.create(tmp_path / "runs" / "unfinished", {})
    mine = describe(user_models() / "mine")
    assert list_models(tmp_path / "runs") == [default_model(), mine, run.model]


def test_a_model_is_found_by_its_folder_its_run_and_its_name(tmp_path):
    run = finished_run(tmp_path / "run")
    mine = describe(user_models() / "mine")
    assert find_model() == default_model()
    assert find_model(run.model) == find_model(str(run.path)) == run.model
    assert find_model("mine") == mine
    with pytest.raises(UserError, match=r"it has no model\.json"):
        read_info(find_model("nobody's"))


def test_the_model_of_a_run_is_kept_when_the_run_is_gone(tmp_path):
    run = finished_run(tmp_path / "run", name="my/best model")
    kept = use_model(run)
    assert kept == user_models() / "my-best-model"
    assert read_info(kept) == read_info(run.model)
    assert (kept / "weights.safetensors").is_file()
    assert [path.name for path in user_models().iterdir()] == ["my-best-model"]


def test_another_model_of_the_same_name_is_never_replaced_and_the_same_one_is_kept_once(tmp_path):
    first = finished_run(tmp_path / "first")
    second = finished_run(tmp_path / "second", weights="b" * 64)
    folders = [use_model(run) for run in (first, second, first, second.path)]
    assert [folder.name for folder in folders] == ["mine", "mine-2", "mine", "mine-2"]
    assert read_info(folders[0]) == read_info(first.model)
    assert read_info(folders[1]) == read_info(second.model)


def test_a_run_without_a_model_is_refused(tmp_path):
    with pytest.raises(UserError, match="has no model yet"):
        use_model(RunFolder.create(tmp_path / "run", {}))
    with pytest.raises(UserError, match="not a run folder"):
        use_model(tmp_path)
    assert not user_models().exists()
