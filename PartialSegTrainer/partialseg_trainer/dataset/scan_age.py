"""How old a newborn was at a scan: post-menstrual age in weeks, from a dataset's tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ..errors import UserError
from ..volumes import split_ending
from ..weeks import checked_weeks
from .case import Case
from .layout import PARTICIPANTS
from .participants import read_table, value_of

COLUMN = "scan_age"


def ages_in(file: Path, key: str) -> dict[str, float]:
    """The ages in a table, by the column `key`; empty where there is no table or no such column.

    They stand in the column `scan_age`, as dHCP publishes them. Raises UserError for an entry that
    is no age in weeks.
    """
    _, rows = read_table(file)
    ages = {}
    for row in rows:
        name, age = value_of(row, key), value_of(row, COLUMN)
        if name is None or age is None:
            continue
        try:
            weeks = float(age)
        except ValueError as error:
            raise UserError(
                f"{file}: {COLUMN} is no age in weeks ({error}); correct it."
            ) from error
        ages[name] = checked_weeks(weeks, f"{file}: {COLUMN} of {name}")
    return ages


def subject_age(folder: Path, subject: str, session: str | None) -> float | None:
    """The age of a subject at a session, in weeks; None where no table of the dataset has it.

    It is looked for in `sub-<subject>_sessions.tsv` beside the sessions, then in participants.tsv.
    """
    sessions = ages_in(folder / subject / f"{subject}_sessions.tsv", "session_id")
    age = sessions.get(session or "")
    return ages_in(folder / PARTICIPANTS, "participant_id").get(subject) if age is None else age


def case_age(case: Case) -> float | None:
    """The age at the scan of a case, as `subject_age` has it."""
    session = None if case.session is None else f"ses-{case.session}"
    return subject_age(case.folder, f"sub-{case.subject}", session)


def ages_of_scans() -> Callable[[Path], float | None]:
    """What tells the age of a scan by its path, or None where nothing does.

    Of a BIDS tree the tables of its subject are read; beside any other scan a participants.tsv, by
    the name of the file without its ending, or its `sub-` part.
    """

    def age(image: Path) -> float | None:
        name = split_ending(image.name)[0]
        subject, session = (re.search(rf"(?:^|_)({key}-[^_]+)", name) for key in ("sub", "ses"))
        if subject is None:
            return ages_in(image.parent / PARTICIPANTS, "participant_id").get(name)
        folder = next(
            (each.parent for each in image.absolute().parents if each.name == subject[1]),
            image.parent,
        )
        return subject_age(folder, subject[1], session and session[1])

    return age
