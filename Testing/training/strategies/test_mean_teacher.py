"""Mean teacher: what it adds to the loss, and that the teacher is the student's moving average."""

import numpy as np
import pytest
import torch

from partialseg_trainer.models import NetworkSettings
from partialseg_trainer.training import TrainConfig
from partialseg_trainer.training.material.slices import open_store
from partialseg_trainer.training.material.split import split_slices
from partialseg_trainer.training.strategies.mean_teacher import MeanTeacherTraining, disagreement


def drawn(seed=0, shape=(2, 4, 3, 5)):
    rng = np.random.default_rng(seed)
    logits, taught = (torch.from_numpy(rng.normal(0, 3, shape)) for _ in range(2))
    possible = rng.random(shape) < 0.5
    possible[:, 0] |= ~possible.any(1)
    return logits, taught, torch.from_numpy(possible)


def test_the_term_is_the_cross_entropy_to_the_teacher_within_what_is_possible():
    logits, taught, possible = drawn()
    total = 0.0
    for image, row, column in np.ndindex(2, 3, 5):
        of_student, of_teacher = (
            np.exp(z[image, :, row, column].numpy()) for z in (logits, taught)
        )
        leaves = np.flatnonzero(possible[image, :, row, column])
        if len(leaves) > 1:
            q = of_teacher[leaves] / of_teacher[leaves].sum()
            total -= (q * np.log(of_student[leaves] / of_student.sum())).sum()
    assert disagreement(logits, taught, possible).item() == pytest.approx(total / 30)


def test_what_is_known_to_one_leaf_adds_nothing():
    logits, taught, possible = drawn()
    alone = torch.zeros_like(possible)
    alone[:, 1] = True
    logits.requires_grad_()
    term = disagreement(logits, taught, alone)
    term.backward()
    assert term.item() == 0 and not logits.grad.any()


def test_what_the_teacher_says_beyond_the_possible_changes_nothing():
    logits, taught, possible = drawn()
    changed = torch.where(possible, taught, 100.0)
    assert disagreement(logits, taught, possible) == disagreement(logits, changed, possible)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_it_is_finite_at_extreme_logits_of_half_precision(dtype):
    logits, taught, possible = drawn()
    extreme = (logits.sign() * 6e4).to(dtype).requires_grad_()
    term = disagreement(extreme, (taught.sign() * 6e4).to(dtype), possible)
    term.backward()
    assert torch.isfinite(term) and torch.isfinite(extreme.grad).all()


@pytest.fixture
def module(balls) -> MeanTeacherTraining:
    config = TrainConfig(
        dataset=balls.folder,
        loss="marginal_ce",
        strategy="mean_teacher",
        strategy_options={"decay": 0.9},
        schedule="constant",
        network=NetworkSettings(width=4, depth=3),
        preprocessing={"spacing": 2.0},
    )
    store = open_store(balls, balls.cases, config.preprocessing)
    return MeanTeacherTraining(config, balls.scheme, store, split_slices(store, set()))


def test_the_teacher_is_the_moving_average_of_the_students_weights(module):
    weight = module.network.head.weight
    expected = None
    for value in (1.0, 2.0, 5.0):
        with torch.no_grad():
            weight.fill_(value)
        module.on_train_batch_end()
        expected = value if expected is None else 0.9 * expected + 0.1 * value
    assert torch.allclose(module.kept_network.head.weight, torch.tensor(expected))


def test_only_the_student_is_trained_and_the_teacher_is_never_in_training_mode(module):
    module.train()
    assert module.network.training and not module.kept_network.training
    assert not any(weights.requires_grad for weights in module.kept_network.parameters())
    groups = module.configure_optimizers().param_groups
    trained = {id(weights) for group in groups for weights in group["params"]}
    assert trained == {id(weights) for weights in module.network.parameters()}
