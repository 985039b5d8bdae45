"""A dataset of six small scans, fully labelled, and settings of a grid that takes seconds."""

import numpy as np
import pytest

from partialseg_trainer.dataset import Dataset
from partialseg_trainer.experiments.settings import checked_settings
from partialseg_trainer.labels import LabelScheme, LabelSets, Status
from partialseg_trainer.volumes import Volume

SUBJECTS = ("01", "02", "03", "04", "05", "06")


@pytest.fixture(scope="session")
def scans(tmp_path_factory):
    """Brainstems of three slabs: the folder of a dataset."""
    folder = tmp_path_factory.mktemp("scans") / "dataset"
    scheme = LabelScheme.load("brainstem")
    dataset = Dataset.create(folder, scheme, "slabs")
    for number, subject in enumerate(SUBJECTS):
        rng = np.random.default_rng(number)
        place = np.indices((24, 24, 20))
        away = np.linalg.norm(place.T - (12, 12, 10), axis=-1).T
        slab = 1 + np.clip((place[2] + number % 3) // 8, 0, 2)
        labelmap = np.where(away < 9, slab, 0).astype(np.uint8)
        image = 100 * labelmap + rng.normal(0, 5, labelmap.shape) + 20 * (away < 10)
        sets = LabelSets.from_labelmap(scheme, labelmap)
        dataset.add_case(
            subject,
            Volume(image.astype(np.float32), np.diag([2.0, 2.0, 2.0, 1.0])),
            sets,
            dict.fromkeys(scheme.names, Status.COMPLETE),
        )
    return folder


@pytest.fixture
def content(scans):
    """The settings of a grid of two cells, as a YAML file would have them."""
    return {
        "name": "slabs",
        "data": {"folder": str(scans)},
        "split": {"validation": ["04"], "test": ["05", "06"]},
        "partial": [{"hide": ["midbrain", "pons", "medulla"]}],
        "full": [1],
        "methods": {"iuc": {"loss": "iuc"}, "marginal": {"loss": "marginal_ce"}},
        "steps": 4,
        "settings": {
            "preprocessing": {"spacing": 2.0},
            "network": {"width": 4, "depth": 3},
            "patch": [16, 16],
            "batch_size": 4,
            "epochs": 2,
            "learning_rate": 0.005,
            "head_rate": 10,
            "schedule": "constant",
            "device": "cpu",
        },
    }


@pytest.fixture
def settings(content):
    return checked_settings(content, "grid.yaml")
