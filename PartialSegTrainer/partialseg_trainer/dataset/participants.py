"""The table participants.tsv: each subject's group and its fixed place in a split."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from ..errors import UserError
from ..files import write_text
from ..incoming import read_text
from .layout import PARTICIPANTS

COLUMNS = ("participant_id", "group", "split")
MISSING = "n/a"
SPLITS = ("train", "validation", "test")

Rows = list[dict[str, str]]


def read_rows(folder: Path) -> Rows:
    """The rows of the table, as they stand; empty where there is no table.

    Raises UserError when the table has no participant_id column or is not tab-separated text.
    """
    path = folder / PARTICIPANTS
    columns, rows = read_table(path)
    if path.exists() and COLUMNS[0] not in columns:
        raise UserError(
            f"{path} has the columns {columns}, but '{COLUMNS[0]}' is not among them; "
            "separate the columns by tabs."
        )
    return rows


def read_table(path: Path) -> tuple[list[str], Rows]:
    """Columns and rows of a tab-separated table; both empty where there is none.

    Raises UserError when it is not tab-separated text.
    """
    if not path.exists():
        return [], []
    # Spreadsheet programs put a byte order mark in front of UTF-8.
    text = read_text(path, encoding="utf-8-sig")
    reader = csv.DictReader(io.StringIO(text), delimiter="\t", restval=MISSING, restkey="")
    try:
        return list(reader.fieldnames or []), list(reader)
    except csv.Error as error:
        raise UserError(f"{path} is no table ({error}); restore it from a copy.") from error


def subject_of(row: Mapping[str, str]) -> str:
    """The subject's identifier without `sub-`."""
    return row[COLUMNS[0]].removeprefix("sub-")


def value_of(row: Mapping[str, str], column: str) -> str | None:
    """The entry of a column, None where it is missing or `n/a`."""
    value = (row.get(column) or MISSING).strip()
    return None if value == MISSING else value


def column_of(rows: Rows, column: str) -> dict[str, str]:
    """Subject -> entry of one column, for the subjects that have one."""
    entries = ((subject_of(row), value_of(row, column)) for row in rows)
    return {subject: value for subject, value in entries if value is not None}


def record_subject(folder: Path, subject: str, group: str | None) -> None:
    """Add a subject to the table, or set the group of one that is there if a group is given.

    Other rows and columns stay as they are.
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
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter="\t", restval=MISSING, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=subject_of))
    write_text(folder / PARTICIPANTS, text.getvalue())
