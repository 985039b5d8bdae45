"""Normalised surface Dice: equal to MONAI's, and 0 where a structure is missing on one side."""

import numpy as np
import pytest

from blobs import SPACING, blob, labelmap
from partialseg_trainer.evaluation import score
from partialseg_trainer.evaluation.surface import surface_distances
from partialseg_trainer.evaluation.surface_dice import surface_dice
from partialseg_trainer.labels import LabelScheme

ONE = LabelScheme.from_dict({"name": "one", "labels": [{"name": "brain", "value": 1}]})


@pytest.mark.parametrize("tolerance", [0.5, 1.0, 2.5])
def test_it_is_that_of_monai(tolerance):
    import torch
    from monai.metrics import SurfaceDiceMetric

    prediction, truth = blob(1), blob(2)
    masks = [torch.from_numpy(mask)[None, None].float() for mask in (prediction, truth)]
    metric = SurfaceDiceMetric([tolerance], include_background=True)
    expected = metric(*masks, spacing=SPACING).item()
    found = surface_dice(surface_distances(prediction, truth, SPACING), tolerance)
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_shift_by_one_voxel_is_within_its_size_and_not_within_less():
    truth = np.zeros((8, 8, 8), dtype=bool)
    truth[2:6, 2:6, 2:6] = True
    prediction = np.roll(truth, 1, axis=0)
    (row,) = score(labelmap(prediction, (1, 1, 1)), labelmap(truth, (1, 1, 1)), ONE)
    assert row.nsd1 == 1
    assert 0 < row.nsd05 < 1


def test_a_distance_equal_to_the_tolerance_counts_however_it_is_rounded():
    truth = np.zeros((8, 8, 40), dtype=bool)
    truth[..., 4] = True
    # Ten voxels of 0.1 mm, of which float32 makes 1.0000001 mm.
    found = surface_distances(np.roll(truth, 10, axis=2), truth, (1, 1, 0.1))
    assert found.to_truth.max() > 1
    assert surface_dice(found, 1) == 1
    assert surface_dice(found, 0.999) == 0


def test_what_is_missing_on_one_side_has_none_and_on_both_no_score():
    empty, full = np.zeros((4, 4, 4), dtype=bool), np.ones((4, 4, 4), dtype=bool)
    for pair in ((empty, full), (full, empty)):
        (row,) = score(*map(labelmap, pair), ONE)
        assert (row.nsd05, row.nsd1) == (0, 0)
    (row,) = score(labelmap(empty), labelmap(empty), ONE)
    assert (row.nsd05, row.nsd1) == (None, None)
