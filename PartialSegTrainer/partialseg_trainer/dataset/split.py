"""Which subjects train, validate and test: whole subjects and whole groups, never slices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from ..errors import UserError
from .folder import Dataset
from .layout import PARTICIPANTS
from .participants import MISSING, SPLITS, Rows, column_of, read_rows, record_splits, subject_of


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

    Raises UserError for an empty dataset, impossible fractions, a split that the column does not
    know, and a group that the column tears apart.
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
    rows = read_rows(dataset.folder)
    wrong = split_problems(rows)
    if wrong:
        raise UserError(f"{dataset.folder / PARTICIPANTS}: {wrong[0]}")
    blocks = _blocks({case.subject for case in cases}, column_of(rows, "group"))
    column = column_of(rows, "split")
    fixed = {block: column[name] for block in blocks for name in block if name in column}

    parts: dict[str, list[frozenset[str]]] = {part: [] for part in SPLITS}
    free = []
    for block in blocks:
        (parts[fixed[block]] if block in fixed else free).append(block)
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
    """What is wrong with the `split` column: unknown parts, groups torn apart."""
    column = column_of(rows, "split")
    found = [
        f"the split of sub-{subject} is '{part}'; use {', '.join(SPLITS)} or {MISSING}."
        for subject, part in column.items()
        if part not in SPLITS
    ]
    for block in _blocks(map(subject_of, rows), column_of(rows, "group")):
        parts = sorted({column[subject] for subject in block if subject in column})
        if len(parts) > 1:
            found.append(
                f"{', '.join(sorted(block))} are one group but are split into "
                f"{' and '.join(parts)}; give them one part."
            )
    return found


def _size(blocks: list[frozenset[str]]) -> int:
    return sum(map(len, blocks))


def _can_train(blocks: list[frozenset[str]], full: set[str]) -> bool:
    """Whether the blocks hold what training needs: a fully labelled subject, if there is one."""
    return any(block & full if full else block for block in blocks)
