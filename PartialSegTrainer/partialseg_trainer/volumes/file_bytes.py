"""The bytes of a file that a user named, or one sentence why they cannot be had."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

import nibabel

from .. import incoming
from ..errors import UserError
from ..folders import missing
from ..incoming import shown
from ..limits import IMAGE_GB

DICOM_REMEDY = (
    "name the folder to `partialseg segment`, convert the series with dcm2niix, or load it in "
    "Slicer and save it as .nii.gz"
)

# What nibabel raises for a header that makes no sense or promises more than there is.
NIBABEL_DAMAGE = (
    nibabel.filebasedimages.ImageFileError,
    nibabel.spatialimages.HeaderDataError,
    nibabel.wrapstruct.WrapStructError,
    ArithmeticError,
    LookupError,
    OSError,
    TypeError,
    ValueError,
)

# What lies in place of a file whose content was not fetched, where links cannot be made.
_POINTERS = (b"/annex/objects/", b"version https://git-lfs.github.com/spec/")


def read_bytes(path: str | os.PathLike) -> bytes:
    """The whole file.

    Raises:
        UserError: missing, a folder (a DICOM folder is recognised), a pipe or device, empty, larger
            than IMAGE_GB, or not readable.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise UserError(_why_not_a_folder(path))
        content = incoming.read_bytes(path, IMAGE_GB, 1e9)
    except FileNotFoundError:
        raise missing(path) from None
    except PermissionError:
        raise UserError(
            f"{path} cannot be read, because you have no permission; ask its owner for access."
        ) from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); check the disk.") from error
    if not content:
        raise UserError(f"{path} is empty (0 bytes); copy or export the image again.")
    if content.startswith(_POINTERS):
        raise UserError(
            f"{path} only stands for a file that git-annex, DataLad or Git LFS keeps elsewhere; "
            "fetch its content ('datalad get', 'git annex get' or 'git lfs pull')."
        )
    return content


def first_bytes(path: str | os.PathLike, count: int) -> bytes:
    """So many bytes that a file begins with; none of what is no file or cannot be read."""
    try:
        incoming.file_size(path)
        with open(path, "rb") as opened:
            return opened.read(count)
    except (OSError, UserError):
        return b""


def is_dicom(content: bytes) -> bool:
    """Whether the bytes begin as a DICOM file does: a preamble of 128 bytes, then "DICM"."""
    return content[128:132] == b"DICM"


def opening_bytes(path: str | os.PathLike) -> bytes:
    """What tells the kind of a file, as `is_dicom` does; none where there is no regular file.

    Raises UserError for one that cannot be read, which would be missed in a series.
    """
    path = Path(path)
    if not path.is_file():
        return b""
    try:
        with open(path, "rb") as opened:
            return opened.read(132)
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}), so it might be missed; allow the access, "
            "or leave the file out."
        ) from error


def beside(header: str | os.PathLike, name: str, field: str) -> Path:
    """The file of voxels that a header names: one in its own folder, by its plain name.

    Raises UserError for any other place, which could be any file of this computer, also by a link.
    """
    plain = name.removeprefix("./")
    folder = Path(header).parent
    file = folder / plain
    if (
        plain in ("", ".", "..")
        or any(mark in plain for mark in "/\\:\0")
        or file.resolve().parent != folder.resolve()
    ):
        raise UserError(
            f"{header} has its voxels elsewhere ({field}: {shown(name)}), where the plain name of "
            "a file beside it was expected; put the two into one folder, or save them as one file."
        )
    return file


def check_size(size: int, name: str | os.PathLike) -> None:
    """Raise UserError where an image takes more bytes in memory than IMAGE_GB allows."""
    IMAGE_GB.check(size / 1e9 if size < 1e300 else float("inf"), f"The image {name} takes")


def damaged(name: str | os.PathLike, kind: str, error: Exception | str) -> UserError:
    """The error for a file of a known kind whose content a library could not make sense of."""
    # Libraries break lines, and some of their errors have no text at all.
    reason = " ".join(str(error).split()) or type(error).__name__
    return UserError(
        f"{name} is a damaged or truncated {kind} ({reason}); copy or export it again."
    )


def _why_not_a_folder(folder: Path) -> str:
    # A few files will do: the folder may be a whole disk.
    for file in islice((file for file in folder.rglob("*") if file.is_file()), 10):
        if is_dicom(opening_bytes(file)):
            return f"{folder} is a DICOM folder, not one image file; {DICOM_REMEDY}."
    return f"{folder} is a folder, where one image file was expected; name the file in it."
