"""Dice counted from the table of codes and leaves equals Dice counted voxel by voxel."""

import numpy as np
import pytest
import torch

from partialseg_trainer.labels import LabelScheme, LabelSets
from partialseg_trainer.training.step.agreement import Agreement

SCHEME = LabelScheme.load("dhcp9")


def test_dice_runs_over_the_voxels_where_the_label_is_known():
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(SCHEME.n_leaves, size=(2, 500))
    values = SCHEME.membership[:, truth].astype(np.uint8)
    values[rng.random(values.shape) < 0.3] = 2
    sets = LabelSets.from_multilabel(SCHEME, values)
    agreement = Agreement(SCHEME, sets.leaf_sets())
    for part in (slice(0, 200), slice(200, 500)):
        agreement.add(torch.from_numpy(sets.codes[part]), torch.from_numpy(predicted[part]))
    for name, score in agreement.dice().items():
        value = sets.value_of(name)
        shown = SCHEME.membership[SCHEME.index(name)][predicted]
        known = value != 2
        overlap = (shown & (value == 1)).sum()
        expected = 2 * overlap / (shown[known].sum() + (value == 1).sum())
        assert score == pytest.approx(expected)


def test_a_label_neither_annotated_nor_predicted_has_no_dice():
    agreement = Agreement(SCHEME, np.ones((1, SCHEME.n_leaves), dtype=bool))
    agreement.add(torch.zeros(5, dtype=torch.uint8), torch.zeros(5, dtype=torch.long))
    assert set(agreement.dice().values()) == {None}
