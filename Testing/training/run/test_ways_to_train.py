"""SGD, batches that make one step, deep supervision and loggers: as the settings say."""

import csv

import pytest
import torch

from partialseg_trainer.errors import UserError
from partialseg_trainer.inference import load_model
from partialseg_trainer.networks import build_network
from partialseg_trainer.runs import read_metrics, read_status
from partialseg_trainer.training import TrainConfig, prepare_run, train
from partialseg_trainer.training.run import loggers
from partialseg_trainer.training.step.deep_supervision import DeepSupervision


def test_what_is_usual_elsewhere_trains_and_leaves_a_usual_model(tmp_path, quick):
    changes = {"optimizer": "sgd", "schedule": "poly", "accumulate": 4, "deep_supervision": True}
    logged = {"loggers": ("csv",), "epochs": 2}
    run = prepare_run(tmp_path / "run", quick.model_copy(update={**changes, **logged}))
    train(run)
    # Six batches are two steps, the second one of two.
    assert read_status(run).step == 4
    rates = [row["learning_rate"] for row in read_metrics(run)]
    assert rates[0] == pytest.approx(quick.learning_rate * 0.5**0.9) and rates[1] == 0
    state = torch.load(run.checkpoints / "last.ckpt", weights_only=True)
    (momentum,) = {group["momentum"] for group in state["optimizer_states"][0]["param_groups"]}
    assert momentum == 0.99
    assert not [name for name in load_model(run.model).network.state_dict() if "deep" in name]
    with open(run.path / "logs" / "csv" / "version_0" / "metrics.csv") as file:
        rows = list(csv.DictReader(file))
    losses = [float(row["training_loss"]) for row in rows if row["training_loss"]]
    assert losses == pytest.approx([row["training_loss"] for row in read_metrics(run)], abs=1e-5)


def test_a_mean_teacher_learns_of_whole_steps_alone(tmp_path, quick):
    changes = {"strategy": "mean_teacher", "loss": "marginal_ce", "accumulate": 4, "epochs": 1}
    run = prepare_run(tmp_path / "run", quick.model_copy(update=changes))
    train(run)
    state = torch.load(run.checkpoints / "last.ckpt", weights_only=True)["state_dict"]
    assert read_status(run).step == state["teacher.n_averaged"] == 2


@pytest.mark.parametrize("name", ["unet", "dynunet"])
def test_coarser_levels_learn_with_half_the_weight_of_the_finer_one(name):
    if name == "dynunet":
        pytest.importorskip("monai", reason="needs the extra '3d'")
    dimensions = 2 if name == "unet" else 3
    torch.manual_seed(0)
    network = build_network(name, 1, 3, width=2, depth=4)
    deep = DeepSupervision(network, 3)
    image = torch.rand(2, 1, *[16] * dimensions)
    codes = torch.randint(0, 3, (2, *[16] * dimensions))
    with deep.watching(network):
        finest = network(image)
    seen = []

    def loss(logits, numbers):
        assert logits.shape == (2, 3, *numbers.shape[1:])
        seen.append((numbers.shape[1], float(logits.mean())))
        return logits.mean()

    value = deep.total(finest.mean(), codes, loss)
    assert [size for size, _ in seen] == [8, 4]
    expected = (4 * finest.mean() + 2 * seen[0][1] + seen[1][1]) / 7
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)
    value.backward()
    assert all(weights.grad is not None for weights in deep.parameters())
    assert network(image).equal(finest), "nothing watches the network any more"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"network": {"name": "segformer"}}, "unet, dynunet.*not 'segformer'"),
        ({"network": {"depth": 2}}, "3 or more levels"),
        ({"compile": True}, "deep_supervision and compile"),
        ({"loss": "iuc", "strategy": "multi_model"}, "strategy 'multi_model'"),
        ({"loggers": ["wandb"]}, "loggers.0.*'csv' or 'tensorboard'"),
        ({"accumulate": 0}, "accumulate"),
    ],
)
def test_what_does_not_go_together_is_refused(settings, words):
    with pytest.raises(UserError, match=words):
        TrainConfig.checked({"dataset": "d", "deep_supervision": True, **settings})


def test_a_logger_whose_package_is_missing_is_refused(tmp_path, quick, monkeypatch):
    monkeypatch.setattr(loggers, "find_spec", lambda _: None)
    config = quick.model_copy(update={"loggers": ("tensorboard",)})
    with pytest.raises(UserError, match=r"needs the package tensorboard.*\[tensorboard\]"):
        prepare_run(tmp_path / "run", config)
    assert not (tmp_path / "run").exists()
