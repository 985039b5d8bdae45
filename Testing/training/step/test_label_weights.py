"""Rare labels weigh more in the loss, and labels that are marked nowhere do not take it over."""

import numpy as np
import pytest

from ball_scans import SCHEME, ball
from partialseg_trainer.dataset import Dataset
from partialseg_trainer.labels import LabelSets, Status
from partialseg_trainer.training.material.slices import open_store
from partialseg_trainer.training.material.split import choose_cases, split_slices
from partialseg_trainer.training.step.module import PartialLabelTraining


def weights(folder, config, labels):
    """The weight of each label before a training on two scans that show only these values."""
    dataset = Dataset.create(folder, SCHEME, "balls")
    for number in range(2):
        image, labelmap = ball(number)
        shown = np.where(np.isin(labelmap, labels), labelmap, 0)
        sets = LabelSets.from_labelmap(SCHEME, shown)
        complete = dict.fromkeys(SCHEME.names, Status.COMPLETE)
        dataset.add_case(f"{number:02d}", image, sets, complete)
    changes = {"dataset": dataset.folder, "validation_fraction": 0, "loss": "iuc"}
    config = config.model_copy(update=changes)
    cases, validation = choose_cases(dataset, config)
    store = open_store(dataset, cases, config.preprocessing)
    module = PartialLabelTraining(config, SCHEME, store, split_slices(store, validation))
    return dict(zip(SCHEME.names, module.loss.label_weights.tolist(), strict=True))


def test_a_rarer_label_weighs_more_and_the_mean_is_one(tmp_path, quick):
    found = weights(tmp_path / "both", quick, labels=[1, 2])
    assert found["core"] > found["shell"] > found["ball"]
    assert sum(found.values()) / len(found) == pytest.approx(1)


def test_a_label_marked_nowhere_weighs_no_more_than_one_that_is(tmp_path, quick):
    found = weights(tmp_path / "shell", quick, labels=[2])
    assert found["core"] < found["shell"]
    assert found["shell"] > 0.5
