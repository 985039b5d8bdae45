"""The table of metrics stays whole whatever happens to the process that writes it."""

import math

import pytest

from partialseg_trainer.runs import read_metrics
from partialseg_trainer.runs.metrics import append_metrics, drop_metrics_from

ROWS = [{"epoch": epoch, "loss": 1 / (3 + epoch), "note": "warm, up"} for epoch in range(3)]


@pytest.fixture
def table(run):
    for row in ROWS:
        append_metrics(run, row)
    return run


def test_rows_come_back_as_they_were_written(table):
    assert read_metrics(table) == ROWS


def test_no_file_means_no_rows(run):
    assert read_metrics(run) == []


def test_a_value_may_be_missing_or_not_finite(run):
    append_metrics(run, {"epoch": 0, "dice": None, "loss": float("nan")})
    append_metrics(run, {"epoch": 1})
    first, second = read_metrics(run)
    assert first["dice"] is None
    assert math.isnan(first["loss"])
    assert second == {"epoch": 1, "dice": None, "loss": None}


def test_a_new_column_is_added_and_earlier_rows_have_no_value_there(table):
    append_metrics(table, {"epoch": 3, "dice": 0.9})
    rows = read_metrics(table)
    assert list(rows[0]) == ["epoch", "loss", "note", "dice"]
    assert rows[:3] == [{**row, "dice": None} for row in ROWS]
    assert rows[3] == {"epoch": 3, "loss": None, "note": None, "dice": 0.9}


def test_cut_off_at_any_byte_the_whole_rows_remain_and_the_next_row_follows_them(table):
    content = table.metrics_file.read_bytes()
    for length in range(len(content)):
        table.metrics_file.write_bytes(content[:length])
        whole = max(content[:length].count(b"\n") - 1, 0)
        assert read_metrics(table) == ROWS[:whole]
        append_metrics(table, ROWS[2])
        assert read_metrics(table) == [*ROWS[:whole], ROWS[2]]


def test_a_resumed_training_takes_back_the_rows_that_it_writes_again(table):
    drop_metrics_from(table, 1)
    assert read_metrics(table) == ROWS[:1]
    drop_metrics_from(table, 5)
    assert read_metrics(table) == ROWS[:1]
    drop_metrics_from(table, 0)
    append_metrics(table, ROWS[0])
    assert read_metrics(table) == ROWS[:1]
