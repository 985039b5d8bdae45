"""The store gives back the slices that were prepared, and patches are cut as promised."""

import numpy as np
import pytest

from ball_scans import SCHEME, ball
from partialseg_trainer.labels import LabelSets
from partialseg_trainer.training import TrainConfig
from partialseg_trainer.training.patches import TrainingBatches, ValidationBatches
from partialseg_trainer.training.slices import UNKNOWN, open_store
from partialseg_trainer.volumes.preprocessing import Preprocessing, prepare, to_slices

SAME_GRID = Preprocessing(spacing=2.0)


@pytest.fixture
def store(balls):
    return open_store(balls, balls.cases, SAME_GRID)


def test_stored_slices_are_the_prepared_scan(store):
    prepared = prepare(ball(0)[0], SAME_GRID)
    numbers = store.numbers(lambda case: case.subject == "00")
    images = np.stack([store.read(number)[0] for number in numbers])
    assert np.allclose(images, prepared.slices, atol=1e-3)


def test_stored_codes_say_what_the_annotation_said(store):
    for subject, known in (("01", SCHEME.names), ("03", ("ball",))):
        labelmap = ball(int(subject))[1]
        expected = LabelSets.from_labelmap(SCHEME, labelmap, known=known).multilabel()
        prepared = prepare(ball(int(subject))[0], SAME_GRID)
        box = tuple(
            slice(start, start + size)
            for start, size in zip(prepared.corner, prepared.native.shape, strict=True)
        )
        numbers = store.numbers(lambda case, subject=subject: case.subject == subject)
        codes = np.stack([store.read(number)[1] for number in numbers])
        values = LabelSets(SCHEME, codes, store.leaf_sets).multilabel()
        sliced = np.stack([to_slices(channel[box], "axial") for channel in expected])
        assert np.array_equal(values, sliced)


def test_the_store_knows_which_scans_are_fully_labelled(store):
    assert {case.subject for case in store.cases if case.fully_known} == {"00", "01"}


def test_code_counts_add_up_to_the_voxels(store):
    numbers = store.numbers(lambda case: True)
    assert store.code_counts(numbers).sum() == sum(np.prod(case.shape) for case in store.cases)


def test_a_second_opening_prepares_nothing(balls, store):
    asked = []
    open_store(balls, balls.cases, SAME_GRID, progress=lambda *done: asked.append(done))
    assert asked == []


def test_a_changed_annotation_is_prepared_anew(balls, store):
    case = balls.cases[0]
    image, labelmap = ball(0)
    sets = LabelSets.from_labelmap(SCHEME, labelmap, known=("ball",))
    balls.add_case(case.subject, image, sets, {"ball": "complete"}, replace=True)
    again = open_store(balls, balls.cases, SAME_GRID)
    assert {entry.subject for entry in again.cases if entry.fully_known} == {"01"}


def test_training_batches_have_the_patch_size_and_unknown_padding(store):
    numbers = store.numbers(lambda case: case.fully_known)
    config = TrainConfig(dataset="unused", patch=(48, 16), batch_size=4)
    batches = TrainingBatches(store, numbers, config, epoch=0)
    assert len(batches) == len(numbers) // 4
    batch = batches[0]
    assert batch["image"].shape == (4, 1, 48, 16)
    assert batch["codes"].shape == (4, 48, 16)
    assert (batch["image"][:, 0][batch["codes"] == UNKNOWN] == 0).all()
    assert (batch["codes"] != UNKNOWN).any()


def test_the_same_epoch_gives_the_same_batches_and_another_epoch_others(store):
    numbers = store.numbers(lambda case: True)
    config = TrainConfig(dataset="unused", patch=(16, 16), batch_size=4)
    first, same, other = (TrainingBatches(store, numbers, config, epoch)[1] for epoch in (0, 0, 1))
    assert first["image"].equal(same["image"])
    assert not first["image"].equal(other["image"])


def test_validation_shows_whole_slices_spread_over_the_scans(store):
    numbers = store.numbers(lambda case: True)
    config = TrainConfig(dataset="unused", validation_slices=10)
    batches = [ValidationBatches(store, numbers, config)[k] for k in range(1)]
    assert sum(len(batch["image"]) for batch in batches) <= 10
    for batch in batches:
        assert all(size % 16 == 0 for size in batch["image"].shape[2:])
        assert (batch["codes"] != UNKNOWN).sum() > 0
