"""The bytes of a file that a user named, or one sentence why they cannot be had."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

from ..errors import UserError
from ..folders import missing

DICOM_REMEDY = "convert the series with dcm2niix, or load it in Slicer and save it as .nii.gz"

# What lies in place of a file whose content was not fetched, where links cannot be made.
_POINTERS = (b"/annex/objects/", b"version https://git-lfs.github.com/spec/")


def read_bytes(path: str | os.PathLike) -> bytes:
    """The whole file.

    Raises:
        UserError: missing, a folder (a DICOM folder is recognised), empty, or not readable.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise UserError(_why_not_a_folder(path))
        content = path.read_bytes()
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


def is_dicom(content: bytes) -> bool:
    """Whether the bytes begin as a DICOM file does: a preamble of 128 bytes, then "DICM"."""
    return content[128:132] == b"DICM"


def damaged(name: str | os.PathLike, kind: str, error: Exception) -> UserError:
    """The error for a file of a known kind whose content a library could not make sense of."""
    # Libraries break lines, and some of their errors have no text at all.
    reason = " ".join(str(error).split()) or type(error).__name__
    return UserError(
        f"{name} is a damaged or truncated {kind} ({reason}); copy or export it again."
    )


def _why_not_a_folder(folder: Path) -> str:
    # A few files will do: the folder may be a whole disk.
    for file in islice((file for file in folder.rglob("*") if file.is_file()), 10):
        with open(file, "rb") as opened:
            if is_dicom(opened.read(132)):
                return f"{folder} is a DICOM folder, not one image file; {DICOM_REMEDY}."
    return f"{folder} is a folder, where one image file was expected; name the file in it."
