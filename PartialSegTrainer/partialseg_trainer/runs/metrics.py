"""The table metrics.csv: one row an epoch, readable while it grows and after a power cut."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..files import write_text
from .folder import RunFolder

Value = float | int | str | None


def read_metrics(run: RunFolder) -> list[dict[str, Value]]:
    """The rows of metrics.csv, numbers as numbers, None where a row has no value.

    A last line that was cut off in the middle is passed over. No file means no rows.
    """
    lines = _whole_lines(run.metrics_file)
    return [{column: _value(text) for column, text in row.items()} for row in csv.DictReader(lines)]


def append_metrics(run: RunFolder, row: Mapping[str, Value]) -> None:
    """Add a row. The first row sets the columns; a later new column is added to the right.

    Adding a column writes the table anew, whole or not at all; so does a cut-off last line.
    """
    path = run.metrics_file
    columns = _columns(path)
    new = [column for column in row if column not in columns]
    if new or not _ends_with_a_whole_line(path):
        _write(path, [*columns, *new], [*read_metrics(run), row])
        return
    with open(path, "ab") as file:
        file.write(_lines(columns, [row]).encode())
        file.flush()
        os.fsync(file.fileno())


def drop_metrics_from(run: RunFolder, epoch: int) -> None:
    """Remove the rows whose "epoch" is `epoch` or later: a resumed training goes there again."""
    rows = read_metrics(run)
    kept = [row for row in rows if row["epoch"] < epoch]
    if len(kept) < len(rows):
        _write(run.metrics_file, _columns(run.metrics_file), kept)


def _whole_lines(path: Path) -> list[str]:
    if not path.exists():
        return []
    content = path.read_bytes()
    return content[: content.rfind(b"\n") + 1].decode("utf-8").splitlines()


def _columns(path: Path) -> list[str]:
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        header = file.readline()
    return next(csv.reader([header])) if header.endswith("\n") else []


def _ends_with_a_whole_line(path: Path) -> bool:
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


def _write(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Value]]) -> None:
    write_text(path, _lines(columns, [dict(zip(columns, columns, strict=True)), *rows]))


def _lines(columns: Sequence[str], rows: Iterable[Mapping[str, Value]]) -> str:
    text = io.StringIO()
    csv.DictWriter(text, columns, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _value(text: str | None) -> Value:
    if not text:
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
