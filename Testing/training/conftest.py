"""A small dataset, and settings under which a training of it takes seconds."""

import pytest

from ball_scans import make_dataset
from partialseg_trainer.dataset import Dataset
from partialseg_trainer.training import TrainConfig


@pytest.fixture
def balls(tmp_path) -> Dataset:
    """Two full and three partial scans."""
    return make_dataset(tmp_path / "dataset", full=2, partial=3)


@pytest.fixture
def quick(balls) -> TrainConfig:
    """Settings under which a training takes a few seconds."""
    return TrainConfig(
        dataset=balls.folder,
        network={"width": 4, "depth": 3},
        preprocessing={"spacing": 2.0},
        patch=(24, 24),
        batch_size=8,
        epochs=3,
        loss="marginal_ce+leaf_dice",
        learning_rate=5e-3,
        head_rate=10,
        schedule="constant",
        monitor="validation_loss",
        slices_per_epoch=48,
        validation_fraction=0.2,
        test_fraction=0,
        device="cpu",
    )
