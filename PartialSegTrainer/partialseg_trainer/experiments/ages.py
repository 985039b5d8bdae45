"""Which scans are of preterm age and which of term age, that are told apart as in the paper."""

from __future__ import annotations

from pathlib import Path

from ..dataset import Dataset
from ..dataset.layout import PARTICIPANTS
from ..dataset.participants import read_table, value_of
from ..errors import UserError

_COLUMN = "scan_age"
TERM_WEEKS = 37


def age_groups(dataset: Dataset) -> dict[str, str]:
    """Scan -> "preterm" or "term", by its postmenstrual age; empty unless there are both.

    The age is that of the column `scan_age`, in weeks, as dHCP publishes it: in the subject's
    `sub-<subject>_sessions.tsv` beside its sessions, or in participants.tsv. Scans without one have
    no entry. Raises UserError for an age that is no number.
    """
    participants = _ages(dataset.folder / PARTICIPANTS, "participant_id")
    groups = {}
    for case in dataset.cases:
        subject = f"sub-{case.subject}"
        sessions = _ages(dataset.folder / subject / f"{subject}_sessions.tsv", "session_id")
        age = sessions.get(f"ses-{case.session}", participants.get(subject))
        if age is not None:
            groups[case.name] = "preterm" if age < TERM_WEEKS else "term"
    return groups if len(set(groups.values())) == 2 else {}


def _ages(file: Path, key: str) -> dict[str, float]:
    """The ages in a table, by the column `key`; empty where there is no table or no such column."""
    _, rows = read_table(file)
    known = ((value_of(row, key), value_of(row, _COLUMN)) for row in rows)
    try:
        return {name: float(age) for name, age in known if name is not None and age is not None}
    except ValueError as error:
        raise UserError(f"{file}: {_COLUMN} is no age in weeks ({error}); correct it.") from error
