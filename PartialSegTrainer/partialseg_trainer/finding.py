"""Which files are scans or labelmaps, by the ending of their names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .errors import UserError
from .folders import entries, files_below, is_dangling, matches, missing

ENDINGS = (".nii.gz", ".nii", ".nrrd", ".mgz", ".mgh", ".mha", ".mhd")
"""Of files that are read."""

WRITTEN = ENDINGS[:3]
"""Of those that are written too."""

_LISTED = 5


def split_ending(name: str) -> tuple[str, str]:
    """`("a", ".NII.GZ")` for `a.NII.GZ`; the second is empty where the name is not of a volume."""
    for ending in ENDINGS:
        if name.lower().endswith(ending):
            return name[: -len(ending)], name[-len(ending) :]
    return name, ""


def find_volumes(folder: Path, *, deep: bool = True) -> list[Path]:
    """The volumes in a folder, by path, `deep` ones at every depth; links are followed.

    Links whose file is not there are among them: to read them says so. Hidden files are not.
    Raises UserError when a folder may not be read.
    """
    return _volumes(files_below(folder) if deep else entries(folder))


def match_volumes(pattern: str) -> list[Path]:
    """The volumes that fit a pattern, as `find_volumes` has those of a folder."""
    return _volumes(path for path in matches(pattern) if not path.name.startswith("."))


def check_fetched(files: Iterable[Path]) -> None:
    """Raise UserError when some of the files are links whose content is not there; it names them.

    Called before work begins that all of them are needed for.
    """
    lost = [path for path in files if is_dangling(path)]
    if len(lost) > 1:
        more = f" and {len(lost) - _LISTED} more" if len(lost) > _LISTED else ""
        raise UserError(
            f"The links {', '.join(map(str, lost[:_LISTED]))}{more} lead to files that are not "
            "there; fetch them ('datalad get' or 'git annex get'), mend the links, or remove them."
        )
    for path in lost:
        raise missing(path)


def _volumes(paths: Iterable[Path]) -> list[Path]:
    return [
        path
        for path in paths
        if all(split_ending(path.name)) and (path.is_file() or is_dangling(path))
    ]
