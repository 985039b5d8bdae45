"""A training is checked and prepared; whoever gets the result starts it, and no job can end it."""

import pytest

from partialseg_trainer.errors import UserError
from partialseg_trainer.jobs import train
from partialseg_trainer.runs import RunFolder, RunState, read_status, start, wait
from partialseg_trainer.synthesis import synthesize_dataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans") / "phantoms"
    return synthesize_dataset(folder, subjects=2, full=1, shape=(40, 46, 40), spacing=2.5).folder


def config(folder, **changes):
    return {
        "dataset": str(folder),
        "name": "mine",
        "network": {"width": 2, "depth": 3},
        "preprocessing": {"spacing": 4.0},
        "patch": [32, 32],
        "epochs": 1,
        "slices_per_epoch": 16,
        "validation_fraction": 0,
        "test_fraction": 0,
        "device": "cpu",
        **changes,
    }


def test_a_training_is_prepared_by_the_job_and_can_be_started(job, dataset, tmp_path, processed):
    result = processed("train", job({"config": config(dataset), "run": str(tmp_path / "run")}))
    assert result == {"run": str(tmp_path / "run")}
    run = RunFolder(tmp_path / "run")
    assert read_status(run).state is RunState.QUEUED
    start(run)
    assert wait(run, 120).state is RunState.FINISHED, run.log_file.read_text()
    assert (run.model / "model.json").is_file()


def test_without_a_run_a_new_one_of_the_user_is_made(job, dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    run = RunFolder(train.work(job({"config": config(dataset), "run": None}))["run"])
    assert run.path.is_relative_to(tmp_path) and run.name.endswith("-mine")
    assert read_status(run).state is RunState.QUEUED


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"epochs": 0}, "epochs"),
        ({"loss": "magic"}, "no loss 'magic'"),
        ({"dataset": "no-such-folder"}, "not a PartialSeg dataset"),
        ({"device": "cuda:99"}, "choose auto or cpu"),
    ],
)
def test_what_cannot_train_is_refused_and_leaves_no_run(job, dataset, tmp_path, changes, words):
    request = {"config": config(dataset, **changes), "run": str(tmp_path / "run")}
    with pytest.raises(UserError, match=words):
        train.work(job(request))
    assert not (tmp_path / "run").exists()
