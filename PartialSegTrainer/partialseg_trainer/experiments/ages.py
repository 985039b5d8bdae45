"""Which scans are of preterm age and which of term age, that are told apart as in the paper."""

from __future__ import annotations

from ..dataset import Dataset
from ..dataset.scan_age import subject_age

TERM_WEEKS = 37


def age_groups(dataset: Dataset) -> dict[str, str]:
    """Scan -> "preterm" or "term", by its post-menstrual age; empty unless there are both.

    Scans whose age no table of the dataset has get no entry. Raises UserError for an age that is no
    number of weeks.
    """
    groups = {}
    for case in dataset.cases:
        session = f"ses-{case.session}" if case.session else None
        age = subject_age(dataset.folder, f"sub-{case.subject}", session)
        if age is not None:
            groups[case.name] = "preterm" if age < TERM_WEEKS else "term"
    return groups if len(set(groups.values())) == 2 else {}
