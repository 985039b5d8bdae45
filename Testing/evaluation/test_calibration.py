"""Calibration and violations of the hierarchy, against cases worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partialseg_trainer.evaluation.calibration import calibration
from partialseg_trainer.evaluation.hierarchy import HierarchyViolations
from partialseg_trainer.labels import LabelScheme

# Brain = core + rim, and nothing else; rim has parts that do not fill it.
SCHEME = LabelScheme.from_dict(
    {
        "name": "nested",
        "labels": [
            {
                "name": "brain",
                "value": 1,
                "exhaustive": True,
                "children": [
                    {"name": "core", "value": 2},
                    {"name": "rim", "value": 3, "children": [{"name": "spot", "value": 4}]},
                ],
            }
        ],
    }
)


def test_a_sure_and_right_answer_has_no_error():
    truth = np.array([True, False, True])
    found = calibration(truth.astype(np.float32), truth)
    assert (found.ece, found.brier) == (0, 0)


def test_the_errors_are_those_worked_out_by_hand():
    # One bin holds 0.5 four times, right once; another holds 0.9 twice, right both times.
    probability = np.array([[0.5, 0.5, 0.5], [0.5, 0.9, 0.9]])
    truth = np.array([[True, False, False], [False, True, True]])
    found = calibration(probability, truth)
    assert found.ece == pytest.approx(4 / 6 * (0.5 - 0.25) + 2 / 6 * (1 - 0.9))
    assert found.brier == pytest.approx((4 * 0.25 + 2 * 0.01) / 6)
    assert found.voxels.sum() == 6


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=1, max_size=40))
def test_the_error_of_calibration_is_below_the_root_of_briers_score(pairs):
    probability, truth = (np.array(column) for column in zip(*pairs, strict=True))
    found = calibration(probability.astype(np.float32), truth)
    assert 0 <= found.ece <= np.sqrt(found.brier) + 1e-6


def test_a_part_without_its_whole_and_a_filled_whole_without_parts_are_violations():
    on = dict.fromkeys(SCHEME.names)
    # Voxels: all fits; core without brain; brain without parts; rim alone, which may be; nothing.
    on["brain"] = [True, False, True, True, False]
    on["core"] = [True, True, False, False, False]
    on["rim"] = [False, False, False, True, False]
    on["spot"] = [False, True, False, False, False]
    counted = HierarchyViolations(SCHEME)
    counted.add(np.array([on[name] for name in SCHEME.names]))
    assert counted.share("brain") == 2 / 4
    assert counted.share("rim") == 1 / 2
    assert counted.share("core") is None


def test_where_nothing_is_on_there_is_no_share():
    counted = HierarchyViolations(SCHEME)
    counted.add(np.zeros((4, 3), dtype=bool))
    assert counted.share("brain") is None
