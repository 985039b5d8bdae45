"""The table metrics.csv: one row an epoch, readable while it grows and after a power cut."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ..errors import UserError
from ..files import write_text
from .folder import RunFolder

Value = float | int | str | None

# The columns that curves are drawn of, and by which a resumed training knows its rows.
_NUMBERS = re.compile(r"epoch|.*loss|.*dice.*|learning_rate|seconds")
_MOST_BYTES = 64_000_000


def read_metrics(run: RunFolder) -> list[dict[str, Value]]:
    """The rows of metrics.csv, numbers as numbers, None where a row has no value.

    A last line that was cut off in the middle is passed over. No file means no rows. Raises
    UserError, which names the line, where the file is damaged.
    """
    path = run.metrics_file
    if not os.path.lexists(path):
        return []
    try:
        return _rows(_whole_lines(path))
    except _Damaged as error:
        raise UserError(
            f"{path} is damaged: {error}; correct it, or delete the file (the training does not "
            "need it) and resume."
        ) from error


def append_metrics(run: RunFolder, row: Mapping[str, Value]) -> None:
    """Add a row. The first row sets the columns; a later new column is added to the right.

    Adding a column writes the table anew, whole or not at all; so does a cut-off last line.
    """
    path = run.metrics_file
    # Named if it is damaged, and not written to.
    rows = read_metrics(run)
    columns = _columns(path)
    new = [column for column in row if column not in columns]
    if new or not _ends_with_a_whole_line(path):
        _write(path, [*columns, *new], [*rows, row])
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


class _Damaged(Exception):
    """What is wrong with the table, as the middle of a sentence."""


def _rows(lines: list[str]) -> list[dict[str, Value]]:
    columns: list[str] | None = None
    rows = []
    for number, cells in enumerate(_cells(lines), start=1):
        if columns is None:
            columns = cells
            continue
        if len(cells) != len(columns):
            raise _Damaged(f"line {number} has {len(cells)} values for {len(columns)} columns")
        row = dict(zip(columns, map(_value, cells), strict=True))
        for column in filter(_NUMBERS.fullmatch, columns):
            if isinstance(row[column], str):
                raise _Damaged(f"line {number} has no number as {column}")
        if not isinstance(row.get("epoch", 0), int):
            raise _Damaged(f"line {number} has no whole number as epoch")
        rows.append(row)
    return rows


def _cells(lines: list[str]) -> Iterator[list[str]]:
    reader = csv.reader(lines)
    try:
        yield from reader
    except csv.Error as error:
        raise _Damaged(f"line {reader.line_num} is no CSV ({error})") from error


def _whole_lines(path: Path) -> list[str]:
    if path.is_symlink() or not path.is_file():
        raise _Damaged("a file was expected in its place")
    if path.stat().st_size > _MOST_BYTES:
        raise _Damaged(f"it has more than {_MOST_BYTES / 1e6:.0f} MB")
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    try:
        # Not splitlines: it parts lines at more than a table does.
        return whole.decode("utf-8").split("\n")[:-1]
    except UnicodeDecodeError as error:
        line = whole[: error.start].count(b"\n") + 1
        raise _Damaged(f"line {line} is not UTF-8 text") from error


def _columns(path: Path) -> list[str]:
    """The header of a table that can be read."""
    return next(csv.reader(_whole_lines(path)[:1]), []) if path.exists() else []


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
