"""Import from the release of the developing Human Connectome Project (dHCP)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from ..errors import UserError
from ..files import write_text
from ..labels import LabelScheme
from .folder import Dataset
from .importing import Groups, Reading, Survey, import_scans
from .layout import ScanName, scan_folders
from .names import SourceName, check_scan_names
from .pairing import Pair
from .participants import read_table, value_of
from .progress import Progress

# The names of the current release first, then those of older ones.
_IMAGES = ("T2w", "desc-restore_T2w", "T2w_restore")
_TISSUES = (
    "desc-drawem9_dseg",
    "desc-drawem9_space-T2w_dseg",
    "drawem9_dseg",
    "drawem_tissue_labels",
)


def import_dhcp(
    folder: str | Path,
    output: str | Path | None,
    scheme: LabelScheme | str | Path = "dhcp9",
    *,
    hide: Collection[str] = (),
    keep_full: int = 0,
    seed: int = 0,
    groups: Groups | None = None,
    survey: Survey | None = None,
    progress: Progress | None = None,
) -> Dataset | None:
    """Make a dataset from `sub-*/ses-*/anat/` with Draw-EM's nine tissues, as dHCP publishes them.

    The image is `*_T2w.nii.gz`, or the bias-corrected `*_desc-restore_T2w.nii.gz` where that is the
    only one; the labels are `*_desc-drawem9_dseg.nii.gz`, under this or the names of older
    releases. Other files are passed over, and so are sessions with neither of the two. Of the
    tables `sub-*_sessions.tsv` the column `scan_age` comes along, by which experiments tell preterm
    and term scans apart. `hide` to `progress` are those of `import_pairs`.

    Raises UserError when nothing is found, when a session has only one of the two files, and for
    what `import_pairs` refuses.
    """
    root = Path(folder)
    pairs, lonely = [], []
    for scan, anat in scan_folders(root):
        if scan is None:
            continue
        image, tissues = _first(anat, scan, _IMAGES), _first(anat, scan, _TISSUES)
        if image and tissues:
            pairs.append(Pair(scan, image, tissues))
        elif image or tissues:
            lonely.append(str(image or tissues))
    if lonely:
        raise UserError(
            f"Image or tissue labels are missing beside {', '.join(lonely[:5])} ({len(lonely)} "
            "sessions); complete the download, or remove these sessions."
        )
    if not pairs:
        raise UserError(
            f"{root} has no sub-*/[ses-*/]anat/*_T2w.nii.gz with *_desc-drawem9_dseg.nii.gz; give "
            "the folder that holds the sub-* folders of the dHCP release."
        )
    check_scan_names({SourceName(str(pair.scan)): pair.image for pair in pairs}, "image")
    dataset = import_scans(
        pairs,
        scheme,
        output,
        reading=Reading(annotated="all"),
        hide=hide,
        keep_full=keep_full,
        seed=seed,
        groups=groups,
        survey=survey,
        progress=progress,
    )
    if dataset is not None:
        _carry_ages(root, dataset)
    return dataset


def _carry_ages(root: Path, dataset: Dataset) -> None:
    """Copy the ages at the scans, and nothing else that the tables tell of the children."""
    sessions = defaultdict(set)
    for case in dataset.cases:
        sessions[case.subject].add(case.session)
    for subject, names in sessions.items():
        place = Path(f"sub-{subject}") / f"sub-{subject}_sessions.tsv"
        _, rows = read_table(root / place)
        entries = [(value_of(row, "session_id"), value_of(row, "scan_age")) for row in rows]
        ages = {session.removeprefix("ses-"): age for session, age in entries if session and age}
        lines = [f"ses-{name}\t{age}\n" for name, age in ages.items() if name in names]
        if lines:
            write_text(dataset.folder / place, "".join(["session_id\tscan_age\n", *lines]))


def _first(anat: Path, scan: ScanName, suffixes: tuple[str, ...]) -> Path | None:
    """The first of the scan's files that exists, be it a link whose content is elsewhere."""
    files = (anat / f"{scan}_{suffix}.nii.gz" for suffix in suffixes)
    return next((path for path in files if path.is_file() or path.is_symlink()), None)
