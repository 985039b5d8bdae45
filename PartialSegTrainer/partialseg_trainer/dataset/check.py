"""Check a whole dataset and list everything that is wrong with it at once."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from ..errors import UserError
from ..files import leftovers, read_checked
from ..labels import LabelScheme
from .check_case import CaseReport, check_case
from .contrast import DEFAULT
from .folder import Description
from .layout import DESCRIPTION, PARTICIPANTS, SCHEME, scan_folders
from .participants import read_rows, subject_of
from .problem import Problem
from .progress import Progress
from .split import split_problems, stray_rows


def check_dataset(folder: str | Path, progress: Progress | None = None) -> list[Problem]:
    """Every problem of a dataset, none where all is well; one case in memory at a time.

    Checked are the description and the scheme; that images, labels and sidecar of each case are
    there, can be read, lie on one grid, further contrasts in one space, hold finite intensities and
    0, 1, 2 that agree with the scheme's hierarchy, and are the exported ones (checksums); that no
    scan is there twice; that participants.tsv names each subject once, gives none that is not there
    a split or a group, and splits no group. That no scan is fully labelled is a warning, and so are
    labels that are absent in every scan. Raises UserError only when there is no such folder.
    """
    root = Path(folder)
    if not root.is_dir():
        raise UserError(f"{root} is not a folder; give the folder of a dataset.")
    problems: list[Problem] = []
    scheme, contrasts = _check_top(root, problems)
    scans = []
    try:
        folders = list(scan_folders(root))
    except UserError as error:
        return [*problems, Problem(".", str(error))]
    for scan, anat in folders:
        if scan is None:
            problems.append(
                Problem(
                    anat.relative_to(root).as_posix(),
                    "The folder's name is not BIDS, so its scan is not used; name it "
                    "sub-<letters and digits>, with the files in it likewise.",
                )
            )
        else:
            scans.append(scan)
    reports = []
    for done, scan in enumerate(scans, start=1):
        reports.append(check_case(root, scan, scheme, contrasts))
        problems += reports[-1].problems
        if progress:
            progress(done, len(scans))
    first_with: dict[str, str] = {}
    for scan, report in zip(scans, reports, strict=True):
        if report.voxels_sha256 is None:
            continue
        other = first_with.setdefault(report.voxels_sha256, str(scan))
        if other != str(scan):
            path = scan.files(root, *contrasts)[0].relative_to(root).as_posix()
            problems.append(
                Problem(path, f"It is the same image as that of {other}; remove one of the two.")
            )
    if not scans:
        problems.append(Problem(".", "The dataset has no cases; import or export scans first."))
    elif not any(report.fully_known for report in reports):
        problems.append(
            Problem(
                ".",
                "No scan is fully labelled, so what tells the parts of a super-label apart cannot "
                "be learnt; label at least one scan completely.",
                "warning",
            )
        )
    _check_absent(scheme, reports, problems)
    _check_participants(root, {scan.subject for scan in scans}, problems)
    return problems


def _check_absent(
    scheme: LabelScheme | None, reports: list[CaseReport], problems: list[Problem]
) -> None:
    """Warn of labels that are said to be absent in every scan: often nobody looked for them."""
    told = [report.absent for report in reports if report.absent is not None]
    if scheme is None or not told:
        return
    nowhere = frozenset.intersection(*told)
    if nowhere:
        problems.append(
            Problem(
                ".",
                f"{', '.join(name for name in scheme.names if name in nowhere)}: said to be absent "
                "in every scan, which a model learns as a fact; where nobody looked for them, "
                "import or export the scans anew with these labels not annotated.",
                "warning",
            )
        )


def _check_top(root: Path, problems: list[Problem]) -> tuple[LabelScheme | None, tuple[str, ...]]:
    """Check the files that speak for the whole dataset; the scheme, if valid, and the contrasts."""
    contrasts = (DEFAULT,)
    try:
        contrasts = read_checked(root / DESCRIPTION, Description).Contrasts
    except (UserError, OSError) as error:
        problems.append(Problem(DESCRIPTION, str(error)))
    problems += _leftovers(root)
    try:
        return LabelScheme.load(root / SCHEME), contrasts
    except (UserError, OSError) as error:
        problems.append(Problem(SCHEME, str(error)))
        return None, contrasts


def _leftovers(root: Path) -> list[Problem]:
    """What writes that were cut off have left, wherever in the dataset."""
    found = sorted(root.glob(".incoming-*"))
    for folder, inner, _ in os.walk(root):
        halves = leftovers(folder)
        inner[:] = [name for name in inner if Path(folder, name) not in (*halves, *found)]
        found += halves
    return [
        Problem(
            path.relative_to(root).as_posix(),
            "A write was cut off here, unless one is going on; remove it.",
            "warning",
        )
        for path in found
    ]


def _check_participants(root: Path, subjects: set[str], problems: list[Problem]) -> None:
    try:
        rows = read_rows(root)
    except (UserError, OSError) as error:
        problems.append(Problem(PARTICIPANTS, str(error)))
        return
    counts = Counter(map(subject_of, rows))
    messages = [
        f"sub-{subject} is listed {count} times; keep one row."
        for subject, count in counts.items()
        if count > 1
    ]
    messages += [
        f"sub-{subject} has files but no row, so its group is not known; add one."
        for subject in sorted(subjects - counts.keys())
    ]
    messages += split_problems(rows) + stray_rows(rows, subjects)
    problems += [Problem(PARTICIPANTS, message) for message in messages]
    problems += [
        Problem(PARTICIPANTS, f"sub-{subject} has a row but no scan; remove one.", "warning")
        for subject in sorted(counts.keys() - subjects)
    ]
