"""Which scans are of preterm age and which of term age, that are told apart as in the paper."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..dataset import Dataset
from ..dataset.layout import PARTICIPANTS
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
    if not file.is_file():
        return {}
    table = pd.read_csv(file, sep="\t", dtype=str, encoding="utf-8-sig")
    if not {key, _COLUMN} <= set(table):
        return {}
    known = table.dropna(subset=[key, _COLUMN])
    try:
        return dict(zip(known[key], known[_COLUMN].astype(float), strict=True))
    except ValueError as error:
        raise UserError(f"{file}: {_COLUMN} is no age in weeks ({error}); correct it.") from error
