"""The table participants.tsv: each subject's group and its fixed place in a split."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ..errors import UserError
from ..files import write_text
from ..folders import composed, is_dangling, missing
from ..incoming import read_text
from .layout import PARTICIPANTS
from .lock import locked

COLUMNS = ("participant_id", "group", "split")
MISSING = "n/a"
SPLITS = ("train", "validation", "test")

Rows = list[dict[str, str]]

# How BIDS, and what people export tables with, say that there is no entry.
_NOTHING = frozenset({"", "n/a", "na", "nan"})
# Columns that are read here; they are known by their letters, however they are written.
_KNOWN = {re.sub(r"\W|_", "", name): name for name in (*COLUMNS, "session_id", "scan_age")}


def read_rows(folder: Path) -> Rows:
    """The rows of the table; empty where there is no table.

    Raises UserError when the table has no participant_id column, a row without an entry in it, or
    is not tab-separated text.
    """
    path = folder / PARTICIPANTS
    columns, rows = read_table(path)
    if path.exists() and COLUMNS[0] not in columns:
        raise UserError(
            f"{path} has the columns {columns}, but '{COLUMNS[0]}' is not among them; "
            "separate the columns by tabs."
        )
    for row in rows:
        if not row[COLUMNS[0]]:
            entries = ", ".join(entry for entry in row.values() if entry)
            raise UserError(
                f"{path} has a row without '{COLUMNS[0]}' ({entries}); say whose it is, or remove "
                "it."
            )
    return rows


def read_table(path: Path) -> tuple[list[str], Rows]:
    """Columns and rows of a tab-separated table; both empty where there is none.

    As BIDS has it, quotation marks mean nothing. The columns that are used here are found in
    capitals too, and their entries come without blanks and quotation marks around them; all else
    is as it stands. Raises UserError when it is not tab-separated text, has two columns of one
    name, or a row with more entries than columns.
    """
    if is_dangling(path):
        raise missing(path)
    if not path.exists():
        return [], []
    # Spreadsheet programs put a byte order mark in front of UTF-8.
    text = read_text(path, encoding="utf-8-sig")
    # Not splitlines, which divides at characters that a comment may hold.
    lines = [line.split("\t") for line in text.replace("\r", "\n").split("\n") if line.strip()]
    if not lines:
        return [], []
    columns = [_column(name) for name in _without_empty_end(lines[0])]
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise UserError(f"{path} has two columns '{twice[0]}'; rename or remove one.")
    rows = []
    for number, line in enumerate(lines[1:], start=1):
        cells = _without_empty_end(line)
        if len(cells) > len(columns):
            raise UserError(
                f"{path}: row {number} ({cells[0]}) has {len(cells)} entries, but there are "
                f"{len(columns)} columns; remove the tabs that are too many."
            )
        cells += [MISSING] * (len(columns) - len(cells))
        rows.append(
            {
                name: _plain(cell) if name in _KNOWN.values() else cell
                for name, cell in zip(columns, cells, strict=True)
            }
        )
    return columns, rows


def _column(name: str) -> str:
    return _KNOWN.get(re.sub(r"\W|_", "", name).casefold(), name.strip())


def _plain(cell: str) -> str:
    return cell.strip().strip('"').strip()


def _without_empty_end(cells: list[str]) -> list[str]:
    """The cells without those at the end that are empty, which spreadsheet programs write."""
    count = max((number for number, cell in enumerate(cells, start=1) if cell.strip()), default=0)
    return cells[:count]


def subject_of(row: Mapping[str, str]) -> str:
    """The subject's identifier without `sub-`."""
    return row[COLUMNS[0]].removeprefix("sub-")


def value_of(row: Mapping[str, str], column: str) -> str | None:
    """The entry of a column, None where it is missing or `n/a`; of `split` in small letters."""
    value = composed(row.get(column) or MISSING).strip()
    if value.casefold() in _NOTHING:
        return None
    return value.casefold() if column == "split" else value


def column_of(rows: Rows, column: str) -> dict[str, str]:
    """Subject -> entry of one column, for the subjects that have one."""
    entries = ((subject_of(row), value_of(row, column)) for row in rows)
    return {subject: value for subject, value in entries if value is not None}


def record_subject(folder: Path, subject: str, group: str | None) -> None:
    """Add a subject to the table, or set the group of one that is there if a group is given.

    Other rows and columns stay as they are. Only for who holds the lock of the dataset.
    """
    rows = read_rows(folder)
    row = next((row for row in rows if subject_of(row) == subject), None)
    if row is None:
        row = {COLUMNS[0]: f"sub-{subject}"}
        rows.append(row)
    elif group is None:
        return
    row["group"] = group or MISSING
    write_rows(folder, rows)


def record_splits(folder: Path, splits: Mapping[str, str]) -> None:
    """Say for each subject to which part it belongs, one of `SPLITS`; the rest stays as it is.

    Raises UserError for another part, and for a subject that the table does not have.
    """
    with locked(folder):
        rows = read_rows(folder)
        by_subject = {subject_of(row): row for row in rows}
        for subject, part in splits.items():
            if subject not in by_subject or part not in SPLITS:
                raise UserError(
                    f"{folder / PARTICIPANTS}: subject {subject!r} cannot go to {part!r}; name a "
                    f"subject of the table and one of {', '.join(SPLITS)}."
                )
            by_subject[subject]["split"] = part
        write_rows(folder, rows)


def write_rows(folder: Path, rows: Rows) -> None:
    """Write the table, whole or not at all; the columns of the scheme come first."""
    columns = list(dict.fromkeys([*COLUMNS, *(column for row in rows for column in row)]))
    lines = [columns]
    for row in sorted(rows, key=subject_of):
        lines.append([row.get(column) or MISSING for column in columns])
    text = "".join("\t".join(map(_one_line, line)) + "\n" for line in lines)
    write_text(folder / PARTICIPANTS, text)


def _one_line(cell: str) -> str:
    return re.sub(r"[\t\r\n]+", " ", cell)
