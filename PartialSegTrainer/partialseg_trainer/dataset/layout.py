"""Names of the files and folders of a dataset: BIDS, with a derivative for partial labels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from ..folders import entries, is_folder

DESCRIPTION = "dataset_description.json"
SCHEME = "scheme.json"
PARTICIPANTS = "participants.tsv"
BIDSIGNORE = ".bidsignore"
LABELS = "_desc-partial_multilabel.nii.gz"
SIDECAR = "_desc-partial_multilabel.json"

_IDENTIFIER = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True)
class ScanName:
    """The BIDS name of one scan: a subject, and a session where there are several visits.

    Raises UserError for anything but ASCII letters and digits, which is all that BIDS allows.
    """

    subject: str
    session: str | None = None

    def __post_init__(self) -> None:
        for field in ("subject", "session"):
            value = getattr(self, field)
            if value is None and field == "session":
                continue
            if not isinstance(value, str) or not _IDENTIFIER.fullmatch(value):
                raise UserError(
                    f"The {field} identifier is {value!r}, but BIDS allows only letters and digits "
                    "without accents; leave out the rest, and any patient's name."
                )

    def __str__(self) -> str:
        return f"sub-{self.subject}" + (f"_ses-{self.session}" if self.session else "")

    def folder(self, root: Path) -> Path:
        """The folder of the scan's files."""
        subject = root / f"sub-{self.subject}"
        return (subject / f"ses-{self.session}" if self.session else subject) / "anat"

    def files(self, root: Path, *contrasts: str) -> tuple[Path, ...]:
        """The paths of an image of each contrast, labels and sidecar, whether they exist or not.

        `contrasts` are the images' suffixes, such as T2w.
        """
        folder = self.folder(root)
        return (
            *(folder / f"{self}_{contrast}.nii.gz" for contrast in contrasts),
            folder / f"{self}{LABELS}",
            folder / f"{self}{SIDECAR}",
        )


def scan_folders(root: Path) -> Iterator[tuple[ScanName | None, Path]]:
    """Every `anat` folder of a BIDS tree, with the scan's name, None where the names are not BIDS.

    The order is by path, so that it is the same on every file system. Raises UserError for a folder
    that cannot be read.
    """
    subjects = _folders(root, "sub-")
    found = [subject / "anat" for subject in subjects]
    found += [visit / "anat" for subject in subjects for visit in _folders(subject, "ses-")]
    for folder in sorted(folder for folder in found if is_folder(folder)):
        subject, *session = (part.split("-", 1)[1] for part in folder.relative_to(root).parts[:-1])
        try:
            yield ScanName(subject, session[0] if session else None), folder
        except UserError:
            yield None, folder


def subjects_in(root: Path) -> set[str]:
    """The subjects that have a folder with scans, annotated or not."""
    return {scan.subject for scan, _ in scan_folders(root) if scan is not None}


def _folders(root: Path, prefix: str) -> list[Path]:
    return [path for path in entries(root) if path.name.startswith(prefix) and is_folder(path)]
