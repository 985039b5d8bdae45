"""The store gives back the slices that were prepared, and patches are cut as promised."""

import numpy as np
import pytest

from ball_scans import SCHEME, ball
from partialseg_trainer.labels import LabelSets
from partialseg_trainer.training import TrainConfig
from partialseg_trainer.training.material.patches import (
    TrainingBatches,
    ValidationBatches,
    read_item,
)
from partialseg_trainer.training.material.read_ahead import ReadAhead
from partialseg_trainer.training.material.slices import UNKNOWN, open_store
from partialseg_trainer.volumes.preprocessing import AXES, Preprocessing, prepare, to_slices

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
        numbers = store.numbers(lambda case, subject=subject: case.subject == subject)
        codes = np.stack([store.read(number)[1] for number in numbers])
        values = LabelSets(SCHEME, codes, store.leaf_sets).multilabel()
        sliced = np.stack([to_slices(channel[prepared.box], "axial") for channel in expected])
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


def test_pages_that_were_given_back_are_read_again(store, monkeypatch):
    numbers = store.numbers(lambda case: True)
    before = [store.read(number) for number in numbers]
    kept = [(image.copy(), codes.copy()) for image, codes in before]
    monkeypatch.setattr("partialseg_trainer.training.material.slices._MOST_MAPPED", 0)
    again = [store.read(number) for number in numbers]
    for views in (before, again):
        for found, expected in zip(views, kept, strict=True):
            assert all(map(np.array_equal, found, expected))


def test_batches_read_ahead_are_the_batches_in_their_order(store):
    numbers = store.numbers(lambda case: True)
    batches = TrainingBatches(store, numbers, config_of(patch=(16, 16), batch_size=4), epoch=0)
    ahead = ReadAhead(batches)
    assert len(ahead) == len(batches) > 2
    for _ in range(2):
        for position, batch in enumerate(ahead):
            assert batch["image"].equal(batches[position]["image"])
        assert position == len(batches) - 1


def test_a_batch_that_cannot_be_read_says_why_where_it_is_used():
    class Broken(list):
        def __getitem__(self, position):
            if position == 1:
                raise OSError("the disk is gone")
            return super().__getitem__(position)

    taken = iter(ReadAhead(Broken([{"first": 0}, {}, {}])))
    assert next(taken) == {"first": 0}
    with pytest.raises(OSError, match="the disk is gone"):
        next(taken)


def test_validation_shows_whole_slices_spread_over_the_scans(store):
    numbers = store.numbers(lambda case: True)
    config = TrainConfig(dataset="unused", validation_slices=10)
    batches = [ValidationBatches(store, numbers, config)[k] for k in range(1)]
    assert sum(len(batch["image"]) for batch in batches) <= 10
    for batch in batches:
        assert all(size % 16 == 0 for size in batch["image"].shape[2:])
        assert (batch["codes"] != UNKNOWN).sum() > 0


def of_case(store, subject):
    """The numbers of a case's slices, and all of these as one array."""
    numbers = store.numbers(lambda case: case.subject == subject)
    return numbers, np.stack([store.read(number)[0] for number in numbers])


@pytest.mark.parametrize("neighbours", [0, 1, 3])
def test_a_stack_has_the_neighbours_of_a_slice_and_never_those_of_another_scan(store, neighbours):
    for subject in ("00", "01", "04"):
        numbers, images = of_case(store, subject)
        around = np.pad(images, [(neighbours, neighbours), (0, 0), (0, 0)], mode="edge")
        for place, number in enumerate(numbers):
            stack, codes = store.read_stack(number, neighbours)
            assert np.array_equal(stack, around[place : place + 2 * neighbours + 1])
            assert np.array_equal(codes, store.read(number)[1])


def test_neighbours_inside_a_scan_are_read_in_place(store):
    numbers, _ = of_case(store, "01")
    stack, codes = store.read_stack(numbers[5], 2)
    assert not stack.flags.owndata and not codes.flags.owndata
    assert not store.read_block(numbers[5], 8)[0].flags.owndata


@pytest.mark.parametrize("thickness", [1, 4, 7, 200])
def test_a_block_lies_within_its_scan_and_holds_the_slice_it_was_asked_for(store, thickness):
    numbers, images = of_case(store, "02")
    for place, number in enumerate(numbers):
        block, codes = store.read_block(number, thickness)
        assert block.shape == codes.shape
        assert len(block) == min(thickness, len(images))
        starts = range(len(images) - len(block) + 1)
        (start,) = (k for k in starts if np.array_equal(images[k : k + len(block)], block))
        assert start <= place < start + len(block)


def test_a_store_of_all_directions_has_every_scan_cut_along_each(balls, store):
    prepared = prepare(ball(0)[0], SAME_GRID)
    every = open_store(balls, balls.cases, Preprocessing(spacing=2.0, axis="all"))
    assert [case.axis for case in every.cases if case.subject == "00"] == list(AXES)
    for axis in AXES:
        numbers = every.numbers(lambda case, axis=axis: case.subject == "00" and case.axis == axis)
        assert {every.axis(number) for number in numbers} == {axis}
        images = np.stack([every.read(number)[0] for number in numbers])
        assert np.allclose(images, prepared.cut(axis), atol=1e-3)
    numbers = every.numbers(lambda case: case.axis == "axial")
    others = store.numbers(lambda case: True)
    assert np.array_equal(every.code_counts(numbers), store.code_counts(others))


def test_neighbours_need_no_other_store(balls, store):
    asked = []
    beside = SAME_GRID.model_copy(update={"neighbours": 2})
    open_store(balls, balls.cases, beside, progress=lambda *done: asked.append(done))
    assert asked == []


def config_of(**settings) -> TrainConfig:
    return TrainConfig(dataset="unused", **settings)


BLOCKS = {"network": {"name": "dynunet", "depth": 3}, "patch": (12, 16, 16), "batch_size": 3}


def test_batches_of_stacks_have_a_channel_for_each_slice_and_the_codes_of_the_middle_one(store):
    config = config_of(preprocessing={"neighbours": 2}, patch=(48, 48), batch_size=4)
    numbers, _ = of_case(store, "00")
    batch = TrainingBatches(store, numbers, config, epoch=0)[0]
    assert batch["image"].shape == (4, 5, 48, 48) and batch["codes"].shape == (4, 48, 48)
    for image, codes, number in zip(batch["image"], batch["codes"], numbers, strict=False):
        stack, own = read_item(store, number, config)
        known = codes != UNKNOWN
        assert np.array_equal(codes[known], own.reshape(-1))
        for channel, expected in zip(image, stack, strict=True):
            assert np.array_equal(channel[known], expected.reshape(-1))


def test_batches_of_blocks_have_a_code_for_every_voxel(store):
    config = config_of(**BLOCKS)
    numbers = store.numbers(lambda case: case.fully_known)
    batch = TrainingBatches(store, numbers, config, epoch=0)[0]
    assert batch["image"].shape == (3, 1, 12, 16, 16) and batch["codes"].shape == (3, 12, 16, 16)
    assert not batch["sagittal"].any()


def test_blocks_that_validate_are_as_thick_as_those_that_train_and_of_whole_slices(store):
    config = config_of(**BLOCKS)
    numbers = store.numbers(lambda case: case.subject in ("00", "01"))
    batches = ValidationBatches(store, numbers, config)
    codes = [batches[k]["codes"] for k in range(len(batches))]
    assert sum(map(len, codes)) == round(len(numbers) / 12)
    for blocks in codes:
        assert blocks.shape[1] == 12 and not any(size % 4 for size in blocks.shape[2:])
        assert all(size >= 23 for size in blocks.shape[2:])
        assert (blocks != UNKNOWN).any()


def test_a_batch_knows_which_of_its_slices_are_sagittal(balls):
    every = open_store(balls, balls.cases, Preprocessing(spacing=2.0, axis="all"))
    numbers = every.numbers(lambda case: case.subject == "00")
    config = config_of(patch=(16, 16), batch_size=len(numbers))
    flags = TrainingBatches(every, numbers, config, epoch=0)[0]["sagittal"]
    assert flags.tolist() == [every.axis(number) == "sagittal" for number in numbers]
