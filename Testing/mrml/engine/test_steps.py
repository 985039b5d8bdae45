"""Work in small steps is done to its end, one step at a time, or given up in the middle."""

import pytest

from PartialSegLib.engine.steps import StepwiseWork, finish


def counting(log, upTo=3, error=None):
    try:
        for number in range(upTo):
            log.append(number)
            yield
            if error:
                raise error
        return "done"
    finally:
        log.append("given back")


def test_all_steps_are_done_and_their_result_is_returned():
    log = []
    assert finish(counting(log)) == "done"
    assert log == [0, 1, 2, "given back"]


def test_each_poll_does_one_step_and_the_last_one_hands_over_the_result():
    log, results = [], []
    work = StepwiseWork(counting(log), results.append)
    assert [work.poll() for _ in range(3)] == [False] * 3
    assert log == [0, 1, 2] and results == []
    assert work.poll() and work.poll() and work.over
    assert results == ["done"]


def test_what_is_cancelled_gives_back_what_it_holds_and_has_no_result():
    log, results = [], []
    work = StepwiseWork(counting(log), results.append)
    work.poll()
    work.cancel()
    assert work.poll() and results == [] and log == [0, "given back"]


def test_an_error_ends_the_work_where_it_is_met():
    work = StepwiseWork(counting([], error=ValueError("wrong")), print)
    work.poll()
    with pytest.raises(ValueError, match="wrong"):
        work.poll()
    assert work.over and work.poll()
