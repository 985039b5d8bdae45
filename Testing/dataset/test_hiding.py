"""Hidden labels are forgotten, and nothing else is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partialseg_trainer.dataset.hiding import (
    hide_labels,
    status_after_hiding,
    subjects_kept_full,
)
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme, LabelSets, Status
from small_scans import labelmap

DHCP9 = LabelScheme.load("dhcp9")


def table(sets):
    """The leaf set of every voxel, (voxels, L)."""
    return sets.leaf_sets()[sets.codes.ravel()]


@given(hidden=st.sets(st.sampled_from(DHCP9.names)))
def test_hiding_is_the_same_as_never_having_annotated(hidden):
    values = labelmap().data
    known = [name for name in DHCP9.names if name not in hidden]
    annotated = LabelSets.from_labelmap(DHCP9, values, known)
    after = hide_labels(LabelSets.from_labelmap(DHCP9, values), hidden)
    np.testing.assert_array_equal(table(after), table(annotated))


def test_a_voxel_of_the_super_label_is_not_given_to_the_child_left_over():
    values = np.full((2, 2, 2), DHCP9["tcv"].value, dtype=np.uint8)
    sets = hide_labels(LabelSets.from_labelmap(DHCP9, values), {"wm"})
    assert (sets.value_of("wm") == 2).all()
    assert (sets.value_of("tcv") == 1).all()


def test_status_tells_complete_absent_in_progress_and_hidden_apart():
    values = labelmap().data.copy()
    values[values == DHCP9["brainstem"].value] = 0
    values[0, 0, 0] = DHCP9["tcv"].value
    sets = LabelSets.from_labelmap(DHCP9, values)
    status = status_after_hiding(hide_labels(sets, {"csf"}), {"csf"})
    assert status["brainstem"] is Status.ABSENT
    assert status["tcv"] is Status.COMPLETE
    assert status["wm"] is Status.IN_PROGRESS
    assert status["csf"] is Status.NOT_ANNOTATED


def test_the_draw_depends_on_the_seed_alone():
    subjects = [f"s{number}" for number in range(30)]
    draw = subjects_kept_full(subjects, 3, seed=1)
    assert draw == subjects_kept_full(reversed(subjects), 3, seed=1)
    assert len(draw) == 3
    assert draw != subjects_kept_full(subjects, 3, seed=2)


def test_more_subjects_than_there_are_cannot_be_kept():
    with pytest.raises(UserError, match="only 2 subjects"):
        subjects_kept_full(["a", "b"], 3, seed=0)
