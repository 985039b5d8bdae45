"""Strategies: each leaves one ordinary model, resumes where it was, and refuses what cannot be."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from ball_scans import SCHEME, ball, make_dataset
from partialseg_trainer.errors import UserError
from partialseg_trainer.inference import load_model, segment
from partialseg_trainer.methods import strategies, strategy_names
from partialseg_trainer.models import NetworkSettings
from partialseg_trainer.runs import (
    RunReporter,
    RunState,
    list_runs,
    read_log_tail,
    read_metrics,
    read_status,
    start,
    wait,
)
from partialseg_trainer.training import TrainConfig, prepare_run, train
from partialseg_trainer.training.run.stages import fit
from partialseg_trainer.training.settings.strategy_options import _OPTIONS

# Of few steps the usual mean would be one of the beginning.
OPTIONS = {"pseudo_labels": {"members": 2}, "mean_teacher": {"decay": 0.95}}
LOSSES = {"multi_model": "iuc+dice", "class_conditional": "iuc+dice"}
STAGES = {
    "self_training": ["first"],
    "plain": [],
    "pseudo_labels": ["teacher-1", "teacher-2"],
    "semi_supervised": ["full-scans"],
    "mean_teacher": [],
    "phased": ["coarse"],
    "multi_model": [],
    "class_conditional": [],
}
over_strategies = pytest.mark.parametrize("strategy", strategy_names())


@pytest.fixture
def settings_of(quick):
    """Settings of a quick training by a strategy."""

    def settings(strategy, **changes):
        options = OPTIONS.get(strategy, {})
        changes = {"loss": LOSSES.get(strategy, "marginal_ce"), **changes}
        changes = {"strategy_options": options, **changes}
        return TrainConfig.checked({**quick.model_dump(), "strategy": strategy, **changes})

    return settings


def trained(path, config):
    run = prepare_run(path, config)
    train(run)
    assert read_status(run).state is RunState.FINISHED
    return run


def weights_of(run):
    return (run.model / "weights.safetensors").read_bytes()


@over_strategies
def test_a_strategy_leaves_one_ordinary_model_and_its_stages_in_one_run(
    tmp_path, settings_of, strategy
):
    run = trained(tmp_path / "runs" / "run", settings_of(strategy))
    assert list_runs(tmp_path / "runs") == [run]
    found = sorted(path.name for path in run.path.glob("stages/*"))
    assert found == STAGES[strategy]
    model = load_model(run.model)
    assert (model.info.strategy, model.info.loss) == (strategy, settings_of(strategy).loss)
    assert model.scheme == SCHEME
    card = (run.model / "MODEL_CARD.md").read_text()
    assert (f"strategy `{strategy}`" in card) is (strategy != "plain")
    image, labelmap = ball(99)
    assert segment(image, model, device="cpu").labelmap.shape == labelmap.shape
    assert [row["epoch"] for row in read_metrics(run)] == [0, 1, 2]


@over_strategies
def test_what_a_strategy_learns_is_repeatable(tmp_path, settings_of, strategy):
    config = settings_of(strategy, epochs=1)
    first, second = (trained(tmp_path / name, config) for name in ("first", "second"))
    assert weights_of(first) == weights_of(second)


@pytest.mark.parametrize("strategy", [name for name in STAGES if name != "plain"])
def test_two_full_scans_and_three_partial_ones_teach_the_parts(tmp_path, settings_of, strategy):
    longer = {
        "epochs": 12 if strategy != "class_conditional" else 25,
        "slices_per_epoch": 128,
        "schedule": "one_cycle",
        # A network that is asked for one label after another finds none at all at the higher rate.
        "learning_rate": 0.01 if strategy != "class_conditional" else 0.004,
        "network": NetworkSettings(width=8, depth=3).model_dump(),
        "validation_fraction": 0.0,
        "augmentation": {"displacement": 0.0},
    }
    run = trained(tmp_path / "run", settings_of(strategy, **longer))
    image, labelmap = ball(99)
    found = np.asarray(segment(image, load_model(run.model)).labelmap.dataobj)
    for name in SCHEME.names:
        predicted, truth = SCHEME.mask(found, name), SCHEME.mask(labelmap, name)
        assert 2 * (predicted & truth).sum() / (predicted.sum() + truth.sum()) > 0.8, name


class Killed(BaseException):
    """Ends a process as kill -9 does: nothing catches it."""


@pytest.mark.parametrize(
    "strategy", ["self_training", "pseudo_labels", "semi_supervised", "phased"]
)
def test_a_run_that_ended_between_two_stages_does_none_of_them_again(
    tmp_path, settings_of, strategy, monkeypatch
):
    config = settings_of(strategy, epochs=1)
    expected = weights_of(trained(tmp_path / "whole", config))
    run = prepare_run(tmp_path / "run", config)
    fitted = []

    def counted(run, *arguments, **options):
        fitted.append(run.path.name)
        return fit(run, *arguments, **options)

    def killed(*_, **__):
        raise Killed

    # By its full name, for the package has the function under the same one.
    module = sys.modules[f"partialseg_trainer.training.strategies.{strategy}"]
    monkeypatch.setattr("partialseg_trainer.training.run.stages.fit", counted)
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(module, "fit", killed)
        train(run)
    assert fitted == STAGES[strategy] and not run.model.exists()
    train(run)
    assert fitted == STAGES[strategy]
    assert read_status(run).state is RunState.FINISHED
    assert weights_of(run) == expected


def test_a_run_killed_in_the_middle_of_a_teacher_resumes_to_the_same_model(tmp_path, settings_of):
    config = settings_of("pseudo_labels", epochs=4)
    expected = weights_of(trained(tmp_path / "whole", config))
    run = prepare_run(tmp_path / "run", config)
    start(run)
    deadline = time.monotonic() + 120
    seen = set()
    # The second teacher has begun, and left a checkpoint or not.
    while not (run.path / "stages" / "teacher-2").exists():
        assert time.monotonic() < deadline, "it took too long"
        seen.add(read_status(run).stage.partition(":")[0])
        time.sleep(0.02)
    psutil.Process(read_status(run).pid).send_signal(signal.SIGKILL)
    while read_status(run).state is not RunState.INTERRUPTED:
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)
    assert "teacher 1 of 2" in seen
    first = run.path / "stages" / "teacher-1" / "model"
    made = os.stat(first).st_mtime_ns
    start(run, resume=True)
    assert wait(run, timeout=120).state is RunState.FINISHED
    assert os.stat(first).st_mtime_ns == made
    assert weights_of(run) == expected
    log = read_log_tail(run, lines=1000)
    assert log.count("Now teacher 1 of 2") == 1 and log.count("Now pseudo-labels") == 1


def test_a_stop_in_a_stage_leaves_a_run_that_resumes(tmp_path, settings_of, monkeypatch):
    run = prepare_run(tmp_path / "run", settings_of("pseudo_labels", epochs=2))
    reported = []

    class StoppingReporter(RunReporter):
        def update(self, **fields):
            reported.append(fields.get("stage"))
            self._stop_seen = fields.get("stage") == "teacher 2 of 2: training" or self._stop_seen
            super().update(**fields)

    with monkeypatch.context() as patched:
        patched.setattr("partialseg_trainer.training.strategies.RunReporter", StoppingReporter)
        train(run)
    assert read_status(run).state is RunState.STOPPED
    assert not run.model.exists() and not (run.path / "pseudo_labels").exists()
    assert "teacher 1 of 2: training" in reported and "student: training" not in reported
    train(run)
    assert read_status(run).state is RunState.FINISHED


def test_a_student_of_any_loss_learns_from_teachers_of_another(tmp_path, settings_of):
    options = {"members": 1, "loss": "marginal_focal", "loss_options": {"gamma": 1}}
    changes = {"strategy_options": options, "epochs": 1, "validation_fraction": 0.0}
    config = settings_of("pseudo_labels", loss="supervised", **changes)
    run = trained(tmp_path / "run", config)
    teacher = load_model(run.path / "stages" / "teacher-1" / "model").info
    assert (teacher.loss, teacher.strategy) == ("marginal_focal", "plain")
    student = load_model(run.model).info
    assert student.loss == "supervised" and "3 in part" in student.training_data


@pytest.mark.parametrize(("strategy", "stage"), [("semi_supervised", "full-scans")])
def test_the_first_stage_sees_full_scans_alone(tmp_path, settings_of, strategy, stage):
    run = trained(tmp_path / "run", settings_of(strategy, validation_fraction=0.0, epochs=1))
    first = load_model(run.path / "stages" / stage / "model").info.training_data
    assert "2 scans" in first and "0 in part" in first


def test_the_first_phase_tells_apart_what_every_scan_knows(tmp_path, settings_of):
    run = trained(tmp_path / "run", settings_of("phased", validation_fraction=0.0, epochs=1))
    first = load_model(run.path / "stages" / "coarse" / "model")
    assert first.scheme.names == ("ball",) and "3 in part" in first.info.training_data
    assert "0 in part" in load_model(run.model).info.training_data


def test_the_second_phase_begins_with_all_weights_of_the_first_but_the_head(tmp_path, settings_of):
    config = settings_of("phased", epochs=1, learning_rate=1e-9)
    run = trained(tmp_path / "run", config)
    first, second = (
        load_model(folder).network.state_dict()
        for folder in (run.path / "stages" / "coarse" / "model", run.model)
    )
    for name, tensor in first.items():
        if name.startswith("head."):
            assert tensor.shape != second[name].shape
        elif "running" not in name and "tracked" not in name:
            assert torch.allclose(tensor, second[name], atol=1e-6)


def test_a_strategy_of_several_stages_goes_on_from_an_initial_model(tmp_path, settings_of):
    first = trained(tmp_path / "first", settings_of("plain", epochs=1))
    for strategy in ("pseudo_labels", "semi_supervised", "phased"):
        config = settings_of(strategy, epochs=1, initial_model=first.model, learning_rate=1e-9)
        again = trained(tmp_path / strategy, config)
        weights = [load_model(run.model).network.down[0][0].weight for run in (first, again)]
        assert torch.allclose(*weights, atol=1e-5)


class TestRefusals:
    def test_an_initial_model_whose_network_is_of_another_form(self, tmp_path, settings_of):
        first = trained(tmp_path / "first", settings_of("multi_model", epochs=1))
        other = settings_of("plain", loss="iuc+dice", initial_model=first.model)
        with pytest.raises(UserError, match=r"outputs separate.*'plain' has them together"):
            prepare_run(tmp_path / "run", other)

    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"strategy": "magic"}, "strategy.*no strategy 'magic'; choose one of self_training"),
            (
                {"strategy_options": {"members": 3}},
                "'self_training': members: There is no such field",
            ),
            ({"strategy": "pseudo_labels", "strategy_options": {"members": 0}}, "members"),
            ({"strategy": "pseudo_labels", "strategy_options": {"loss": "no"}}, "no loss 'no'"),
            (
                {"strategy": "pseudo_labels", "strategy_options": {"loss_options": {"a": 1}}},
                "'marginal_ce' has no option 'a'",
            ),
            (
                {
                    "strategy": "mean_teacher",
                    "loss": "marginal_ce",
                    "strategy_options": {"decay": 1},
                },
                "decay",
            ),
            ({"strategy": "multi_model", "loss": "marginal_ce"}, "'marginal_ce'.*such as iuc"),
            ({"strategy": "mean_teacher", "loss": "iuc"}, "loss 'iuc'.*such as marginal_ce"),
        ],
    )
    def test_a_setting_that_does_not_exist_or_fit(self, settings, words):
        with pytest.raises(UserError, match=words):
            TrainConfig.checked({"dataset": "d", **settings}, origin="config.json")

    @pytest.mark.parametrize("strategy", ["semi_supervised", "phased"])
    def test_a_strategy_that_needs_full_scans_where_there_is_none(
        self, tmp_path, settings_of, strategy
    ):
        dataset = make_dataset(tmp_path / "partial", full=0, partial=3)
        with pytest.raises(UserError, match=f"no fully labelled scan.*strategy '{strategy}' needs"):
            prepare_run(tmp_path / "run", settings_of(strategy, dataset=dataset.folder))
        assert not (tmp_path / "run").exists()

    def test_a_supervised_teacher_where_there_is_no_full_scan(self, tmp_path, settings_of):
        dataset = make_dataset(tmp_path / "partial", full=0, partial=3)
        options = {"loss": "supervised"}
        config = settings_of(
            "pseudo_labels", dataset=dataset.folder, strategy_options=options, loss="iuc"
        )
        with pytest.raises(UserError, match="strategy 'pseudo_labels' needs"):
            prepare_run(tmp_path / "run", config)


def test_a_supervised_teacher_leaves_partial_scans_to_the_student(tmp_path, settings_of):
    options = {"members": 1, "loss": "supervised"}
    config = settings_of("pseudo_labels", strategy_options=options, epochs=1)
    run = trained(tmp_path / "run", config)
    teacher = load_model(run.path / "stages" / "teacher-1" / "model").info
    assert "0 in part" in teacher.training_data
    assert "0 in part" not in load_model(run.model).info.training_data


def test_every_strategy_is_described_and_every_description_is_of_one_that_exists():
    assert set(strategy_names()) == set(STAGES) == set(_OPTIONS)
    for strategy in strategies():
        assert strategy.title and strategy.description.endswith(".")
        assert len(strategy.description) < 130
        options = _OPTIONS[strategy.name]()
        assert strategy.needs_full is options.needs_full
        assert (strategy.needs_head, strategy.outputs) == (options.needs_head, options.outputs)


def test_the_page_of_methods_tells_of_every_strategy_and_its_options():
    page = (Path(__file__).parents[3] / "Docs" / "methods.md").read_text(encoding="utf-8")
    for name in strategy_names():
        section = page.partition(f"\n### `{name}`")[2].partition("\n### ")[0]
        assert section, name
        assert all(f"`{option}`" in section for option in _OPTIONS[name].model_fields), name
