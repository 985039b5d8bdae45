"""What lies in a folder: links are followed, and what cannot be looked at is never passed over."""

from __future__ import annotations

import fnmatch
import glob
import os
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from .errors import UserError

# Where git-annex, and DataLad with it, keeps the content of files; its links lead to files only.
_ANNEX = "annex/objects"


def entries(folder: Path, *, hidden: bool = False) -> list[Path]:
    """The files and folders in a folder, by name; those that begin with a dot only if `hidden`.

    Beside each file that macOS copies to another system lies a hidden one of the same ending.
    Raises UserError when the folder may not be read, or a link leads to a folder that is not there:
    nobody can say then what is missing.
    """
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise _closed(folder, error) from error
    found = [folder / name for name in names if hidden or not name.startswith(".")]
    for path in found:
        # A name without an ending is that of a folder, unless git-annex put the link there.
        if not path.suffix and is_dangling(path) and _ANNEX not in _target(path):
            raise missing(path)
    return found


def folders_below(folder: Path) -> Iterator[Path]:
    """The folder and all folders in it at every depth, one that lies in itself only once.

    Raises UserError as `entries` does.
    """
    return (place for place, _ in _walk(folder))


def files_below(folder: Path) -> list[Path]:
    """The files in a folder at every depth, and the links whose file is not there, by path.

    Raises UserError as `entries` does.
    """
    return sorted(path for _, files in _walk(folder) for path in files)


def _walk(
    folder: Path, above: tuple[tuple[int, int], ...] = ()
) -> Iterator[tuple[Path, list[Path]]]:
    """Every folder with the files in it; `above` are the folders that it lies in."""
    status = folder.stat()
    identity = status.st_dev, status.st_ino
    if identity in above:
        return
    inside, files = [], []
    for path in entries(folder):
        (inside if is_folder(path) else files).append(path)
    yield folder, files
    for path in inside:
        yield from _walk(path, (*above, identity))


def is_folder(path: Path) -> bool:
    """Whether the path, or what it links to, is a folder. Raises UserError where none may look."""
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except PermissionError as error:
        raise _closed(path, error) from error
    except OSError:
        return False


def matches(pattern: str) -> list[Path]:
    """What fits a pattern such as `in/*/T2w.nii.gz`; `**` stands for folders of any depth.

    Names are compared as people see them, however their accents are stored. Raises UserError as
    `entries` does.
    """
    first, *parts = Path(pattern).parts
    found = [Path(first)] if Path(first).anchor else _fitting([Path()], first)
    for part in parts:
        found = _fitting(found, part)
    return sorted(set(found))


def _fitting(folders: list[Path], part: str) -> list[Path]:
    for folder in folders:
        if is_dangling(folder):
            raise missing(folder)
    folders = [folder for folder in folders if is_folder(folder)]
    if part == "**":
        return [below for folder in folders for below in folders_below(folder)]
    if not glob.has_magic(part):
        return [folder / part for folder in folders if os.path.lexists(folder / part)]
    wanted = composed(part)
    return [
        path
        for folder in folders
        for path in entries(folder, hidden=part.startswith("."))
        if fnmatch.fnmatch(composed(path.name), wanted)
    ]


def composed(text: str) -> str:
    """A name in Unicode's composed form (NFC), for comparisons: macOS writes the other one."""
    return unicodedata.normalize("NFC", text)


def same_on_some_disks(name: str | os.PathLike) -> str:
    """A key that is equal for names that Windows or macOS take for one: in case, or in accents."""
    return composed(composed(os.fspath(name)).casefold())


def is_dangling(path: Path) -> bool:
    """Whether the path is a link to something that is not there."""
    return os.path.islink(path) and not os.path.exists(path)


def missing(path: str | os.PathLike) -> UserError:
    """The error for a file or folder that is not there, or whose link leads nowhere."""
    path = Path(path)
    if not is_dangling(path):
        return UserError(f"{path} does not exist; check the path.")
    target = _target(path)
    if _ANNEX in target:
        return UserError(
            f"{path} is a link of git-annex whose content was not fetched; fetch it "
            "('datalad get' or 'git annex get'), or remove the link."
        )
    return UserError(
        f"{path} is a link to {target}, which is not there; connect the disk or mend the link, or "
        "remove it."
    )


def _closed(path: Path, error: OSError) -> UserError:
    return UserError(
        f"{path} cannot be looked at ({error.strerror}), so what it holds would be missed; allow "
        "the access, or leave the folder out."
    )


def _target(path: Path) -> str:
    return Path(os.readlink(path)).as_posix()
