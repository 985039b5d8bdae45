"""The order of slices is decided by the seed, and each way of sampling keeps its promise."""

import numpy as np
import pytest

from partialseg_trainer.training import TrainConfig
from partialseg_trainer.training.material.sampling import epoch_order

FULL, PARTIAL = np.arange(10), np.arange(100, 190)


def order(sampling, epoch=0, full=FULL, partial=PARTIAL, marked=None, **settings):
    settings = {"label_share": 0, "slices_per_epoch": None} | settings
    config = TrainConfig(dataset="unused", sampling=sampling, **settings)
    return epoch_order(config, full, partial, epoch, marked)


@pytest.mark.parametrize("sampling", ["balanced", "uniform", "reference"])
class TestEveryWay:
    def test_the_same_seed_and_epoch_give_the_same_order(self, sampling):
        assert np.array_equal(order(sampling, epoch=3), order(sampling, epoch=3))
        assert not np.array_equal(order(sampling, epoch=3), order(sampling, epoch=4))

    def test_an_epoch_has_as_many_slices_as_there_are_unless_told_otherwise(self, sampling):
        assert len(order(sampling)) == 100
        assert len(order(sampling, slices_per_epoch=37)) == 37

    def test_without_full_or_without_partial_scans_all_slices_are_drawn_alike(self, sampling):
        none = np.zeros(0, dtype=int)
        assert sorted(order(sampling, partial=none)) == sorted(FULL)
        assert sorted(order(sampling, full=none)) == sorted(PARTIAL)


def test_balanced_draws_the_share_of_full_slices_and_repeats_none_before_all_were_seen():
    drawn = order("balanced", full_share=0.4)
    counts = np.bincount(drawn)[FULL]
    assert counts.sum() == 40
    assert set(counts) == {4}


def test_balanced_mixes_full_and_partial_slices():
    first_half = order("balanced", slices_per_epoch=2000)[:1000]
    assert 400 < np.isin(first_half, FULL).sum() < 600


def test_uniform_shows_every_slice_once():
    assert sorted(order("uniform")) == sorted([*FULL, *PARTIAL])


def test_reference_shows_all_partial_slices_first_and_the_full_ones_last():
    drawn = order("reference")
    assert sorted(drawn[:90]) == sorted(PARTIAL)
    assert sorted(drawn[90:]) == sorted(FULL)


def test_an_epoch_of_blocks_shows_as_many_slices_as_one_of_slices():
    blocks = {"network": {"name": "dynunet", "depth": 3}, "patch": (20, 16, 16)}
    assert len(order("balanced", **blocks)) == 5
    assert len(order("balanced", slices_per_epoch=40, **blocks)) == 2
    assert len(order("balanced", slices_per_epoch=1, **blocks)) == 1


class TestDrawnByLabel:
    def marked(self):
        """Slice 3 alone has the second label, slices 3 to 9 the first, the partial ones none."""
        marked = np.zeros((200, 3), dtype=bool)
        marked[3:10, 0] = marked[3, 1] = True
        return marked

    def test_a_rare_label_is_shown_as_often_as_a_frequent_one(self):
        settings = {"label_share": 0.5, "slices_per_epoch": 4000, "full_share": 0.5}
        counts = np.bincount(order("balanced", marked=self.marked(), **settings), minlength=200)
        # Of 2000 full slices half are drawn by label, half of these for the label that is rare.
        assert 550 < counts[3] < 750
        assert 80 < counts[:3].mean() < 120
        assert counts[FULL].sum() == 2000

    def test_scans_in_which_nothing_is_marked_are_drawn_as_ever(self):
        drawn = order("balanced", marked=self.marked(), label_share=0.3, full_share=0.4)
        assert np.isin(drawn, PARTIAL).sum() == 60

    @pytest.mark.parametrize("sampling", ["balanced", "uniform", "reference"])
    def test_an_epoch_stays_as_long_and_as_reproducible(self, sampling):
        settings = {"label_share": 0.3, "marked": self.marked(), "slices_per_epoch": 51}
        assert len(order(sampling, **settings)) == 51
        assert np.array_equal(order(sampling, **settings), order(sampling, **settings))

    def test_by_default_a_third_is_where_full_scans_are_drawn_often_and_none_elsewhere(self):
        marked, slices = self.marked(), 4000
        for sampling, times in (("balanced", 510), ("uniform", 40), ("reference", 40)):
            drawn = order(sampling, marked=marked, slices_per_epoch=slices, label_share=None)
            assert np.count_nonzero(drawn == 3) == pytest.approx(times, rel=0.2), sampling
