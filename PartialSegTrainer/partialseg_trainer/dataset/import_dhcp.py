"""Import from the release of the developing Human Connectome Project (dHCP)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path

from ..errors import UserError
from ..files import write_text
from ..labels import LabelScheme
from .contrast import DEFAULT, checked_contrasts
from .folder import Dataset
from .importing import Groups, Reading, Survey, import_scans
from .layout import ScanName, scan_folders
from .names import SourceName, check_scan_names
from .pairing import Pair
from .participants import read_table, value_of
from .progress import Progress

# The names of the current release first, then those of older ones.
_IMAGES = {
    "T2w": ("T2w", "desc-restore_T2w", "T2w_restore"),
    "T1w": (
        *("desc-restore_space-T2w_T1w", "space-T2w_T1w", "desc-restore_T1w", "T1w"),
        "T1w_restore",
    ),
}
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
    contrast: str | Sequence[str] | None = None,
) -> Dataset | None:
    """Make a dataset from `sub-*/ses-*/anat/` with Draw-EM's nine tissues, as dHCP publishes them.

    The image is `*_T2w.nii.gz`, or the bias-corrected `*_desc-restore_T2w.nii.gz` where that is the
    only one; the labels are `*_desc-drawem9_dseg.nii.gz`, under this or the names of older
    releases. Other files are passed over, and so are sessions with neither of the two. Of the
    tables `sub-*_sessions.tsv` the column `scan_age` comes along, by which experiments tell preterm
    and term scans apart. `hide` to `progress` are those of `import_pairs`.

    `contrast` may name T2w and T1w, for both images; a session without a T1w is left out then. The
    T1w is the one in the space of the T2w, where the release has it.

    Raises UserError when nothing is found, when a session has only one of the two files, for other
    contrasts, and for what `import_pairs` refuses.
    """
    contrasts = checked_contrasts(contrast or DEFAULT)
    if contrasts not in ((DEFAULT,), tuple(_IMAGES)):
        raise UserError(
            f"The contrasts {', '.join(contrasts)} are asked for, where dHCP's release has labels "
            f"of the T2w; name T2w, or {','.join(_IMAGES)}."
        )
    root = Path(folder)
    pairs, lonely, without = [], [], []
    for scan, anat in scan_folders(root):
        if scan is None:
            continue
        image, *further = (_first(anat, scan, _IMAGES[each]) for each in contrasts)
        tissues = _first(anat, scan, _TISSUES)
        if image and tissues:
            if all(further):
                pairs.append(Pair(scan, image, tissues, tuple(further)))
            else:
                without.append(image)
        elif image or tissues:
            lonely.append(str(image or tissues))
    if lonely:
        raise UserError(
            f"Image or tissue labels are missing beside {', '.join(lonely[:5])} ({len(lonely)} "
            "sessions); complete the download, or remove these sessions."
        )
    if without:
        left_out = f"It has no {contrasts[-1]} beside it, and is left out."
        if survey is not None:
            survey.doubts[left_out] = (left_out, without)
        if not pairs:
            raise UserError(
                f"No session of {root} has a {contrasts[-1]} in its anat folder; complete the "
                f"download, or import {DEFAULT} alone."
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
        contrasts=None if contrast is None else contrasts,
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
