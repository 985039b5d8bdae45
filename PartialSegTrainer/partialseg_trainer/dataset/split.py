"""Which subjects train, validate and test: whole subjects and whole groups, never slices."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from ..errors import UserError
from ..folders import same_on_some_disks
from .folder import Dataset
from .layout import PARTICIPANTS, subjects_in
from .participants import (
    COLUMNS,
    MISSING,
    SPLITS,
    Rows,
    column_of,
    read_rows,
    record_splits,
    subject_of,
    value_of,
)


class Split(NamedTuple):
    """The subjects of each part, in the order of their identifiers."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


def split_subjects(
    dataset: Dataset, validation: float = 0.1, test: float = 0.0, seed: int = 0
) -> Split:
    """Split the subjects of a dataset; `validation` and `test` are fractions of all subjects.

    Subjects with the same entry in the `group` column of participants.tsv (twins, neighbouring
    weeks of an atlas) stay together. A subject with an entry in the `split` column goes where it
    says, and its group with it; a part that the column fills is left as it is, the others are
    drawn at random from the rest. Parts are filled group by group until they have their fraction,
    and at least one subject where its fraction is not zero; but training always keeps a subject,
    and a fully labelled one if there is any. Where some scans are annotated in part, of the fully
    labelled ones no more than the fraction validate, rounded down: a model that has two of them to
    learn from needs both, and partial scans tell how well it knows what they do.

    Raises UserError for an empty dataset, impossible fractions, and as `read_assignments` does.
    """
    if not (0 <= validation < 1 and 0 <= test < 1 and validation + test < 1):
        raise UserError(
            f"validation={validation} and test={test} leave nothing to train on; give fractions "
            "from 0 to 1 whose sum is below 1."
        )
    cases = dataset.cases
    if not cases:
        raise UserError(f"{dataset.folder} has no cases; import or export scans first.")
    full = {case.subject for case in cases if case.info.fully_known}
    fixed = fixed_parts(dataset)
    blocks = list(fixed)
    parts: dict[str, list[frozenset[str]]] = {part: [] for part in SPLITS}
    free = []
    for block in blocks:
        (parts[fixed[block]] if fixed[block] else free).append(block)
    order = np.random.default_rng(seed).permutation(len(free))
    free = [free[position] for position in order]
    wanted = {"validation": validation, "test": test}
    for part, fraction in wanted.items():
        if fraction == 0 or parts[part]:
            continue
        target = max(1, round(fraction * sum(map(len, blocks))))
        spare = len(full)
        if part == "validation" and any(not block & full for block in free):
            spare = int(fraction * len(full))
        for block in tuple(free):
            if _size(parts[part]) >= target:
                break
            kept = [other for other in (*parts["train"], *free) if other is not block]
            if len(block & full) <= spare and _can_train(kept, full):
                spare -= len(block & full)
                parts[part].append(block)
                free.remove(block)
    parts["train"] += free
    return Split(*(tuple(sorted(frozenset().union(*parts[part]))) for part in SPLITS))


def read_assignments(dataset: Dataset) -> tuple[dict[str, str], dict[str, str]]:
    """What participants.tsv fixes: subject -> group, and subject -> part.

    Raises UserError where the table contradicts itself, and where a row with a group or a part is
    that of no subject: it may be meant for one, which would then train unseen.
    """
    rows = read_rows(dataset.folder)
    wrong = split_problems(rows) + stray_rows(rows, subjects_in(dataset.folder))
    if wrong:
        raise UserError(f"{dataset.folder / PARTICIPANTS}: {wrong[0]}")
    return column_of(rows, "group"), column_of(rows, "split")


def fixed_parts(dataset: Dataset) -> dict[frozenset[str], str | None]:
    """The subjects that must stay together, and the part that participants.tsv fixes for them.

    In a fixed order; None where nothing is fixed. Raises UserError for a split that the column does
    not know, and a group that it tears apart.
    """
    groups, column = read_assignments(dataset)
    # A group goes where any of it is fixed to, even one who has no scan here.
    of_group = {groups[subject]: part for subject, part in column.items() if subject in groups}
    return {
        block: next(
            (
                part
                for subject in sorted(block)
                if (part := column.get(subject) or of_group.get(groups.get(subject)))
            ),
            None,
        )
        for block in _blocks(dataset.subjects, groups)
    }


def assign_splits(dataset: Dataset, splits: Mapping[str, str]) -> None:
    """Fix where subjects go: subject -> "train", "validation" or "test", in participants.tsv.

    Raises UserError for another part, and for a subject that the dataset does not have.
    """
    record_splits(dataset.folder, splits)


def _blocks(subjects: Iterable[str], groups: dict[str, str]) -> list[frozenset[str]]:
    """Subjects that must stay together, in a fixed order."""
    members: dict[tuple[str, str], set[str]] = {}
    for subject in subjects:
        key = ("group", groups[subject]) if subject in groups else ("subject", subject)
        members.setdefault(key, set()).add(subject)
    return sorted((frozenset(block) for block in members.values()), key=min)


def split_problems(rows: Rows) -> list[str]:
    """Where the table contradicts itself: unknown parts, rows that differ, groups torn apart."""
    column, groups = column_of(rows, "split"), column_of(rows, "group")
    found = [
        f"the split of sub-{subject} is '{part}'; use {', '.join(SPLITS)} or {MISSING}."
        for subject, part in column.items()
        if part not in SPLITS
    ]
    for name, entries in (("split", column), ("group", groups)):
        for row in rows:
            value, last = value_of(row, name), entries.get(subject_of(row))
            if value not in (None, last):
                found.append(
                    f"sub-{subject_of(row)} has two rows with the {name} '{value}' and '{last}'; "
                    "keep one."
                )
    spellings: dict[str, str] = {}
    for group in groups.values():
        other = spellings.setdefault(same_on_some_disks("".join(group.split())), group)
        if other != group:
            found.append(
                f"the groups '{other}' and '{group}' differ in case or blanks alone; write one."
            )
    for block in _blocks(map(subject_of, rows), groups):
        parts = sorted({column[subject] for subject in block if subject in column})
        if len(parts) > 1:
            found.append(
                f"{', '.join(sorted(block))} are one group but are split into "
                f"{' and '.join(parts)}; give them one part."
            )
    return found


def stray_rows(rows: Rows, subjects: Collection[str]) -> list[str]:
    """Rows that are those of none of the subjects in the folders, but may be meant for one.

    So are those with a split or a group, and those that name no subject as BIDS does.
    """
    nearest = {_loosely(subject): subject for subject in subjects}
    found = []
    for row in rows:
        values = {name: value_of(row, name) for name in ("split", "group")}
        entries = [f"{name} {value}" for name, value in values.items() if value]
        named = re.fullmatch("[A-Za-z0-9]+", subject_of(row))
        if (entries or not named) and subject_of(row) not in subjects:
            meant = nearest.get(_loosely(subject_of(row)))
            said = ", ".join(entries) or "no split"
            remedy = f"write sub-{meant} if that is meant" if meant else "correct it"
            found.append(
                f"the row {row[COLUMNS[0]]} ({said}) is that of no subject in the folders; "
                f"{remedy}, or remove the row."
            )
    return found


def _loosely(subject: str) -> str:
    """The subject without what is easily mistaken: case, leading zeros, all but letters, digits."""
    text = re.sub(r"[\W_]", "", subject).casefold().removeprefix("sub")
    return re.sub(r"(?<!\d)0+(?=\d)", "", text)


def _size(blocks: list[frozenset[str]]) -> int:
    return sum(map(len, blocks))


def _can_train(blocks: list[frozenset[str]], full: set[str]) -> bool:
    """Whether the blocks hold what training needs: a fully labelled subject, if there is one."""
    return any(block & full if full else block for block in blocks)
