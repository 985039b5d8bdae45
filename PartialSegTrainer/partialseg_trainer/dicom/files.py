"""The DICOM files of a folder or a zip file."""

from __future__ import annotations

import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from shutil import copyfileobj

from .. import incoming
from ..errors import UserError
from ..files import require_room
from ..folders import files_below
from ..incoming import shown
from ..limits import IMAGE_GB
from ..volumes.file_bytes import is_dicom, opening_bytes

# A folder of a study has a DICOMDIR, a viewer and some text beside its series at most.
_LOOKED_AT = 1000
_DAMAGE = (
    zipfile.BadZipFile,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    ValueError,
)


def is_dicom_source(source: Path) -> bool:
    """Whether it is a zip file, a DICOM file, or a folder in which one lies at any depth."""
    if source.is_dir():
        return any(
            is_dicom(opening_bytes(path)) for path in islice(files_below(source), _LOOKED_AT)
        )
    return _is_zip(source) or is_dicom(opening_bytes(source))


@contextmanager
def dicom_files(source: Path) -> Iterator[dict[str, Path]]:
    """Names, as the user knows them, and paths of the DICOM files in the source.

    Those of a zip file are unpacked into a folder that nobody else may look into, and that is gone
    after the block; by numbers, whatever their names. Raises UserError for a damaged or encrypted
    zip file, and one that unpacks to more than IMAGE_GB.
    """
    if not _is_zip(source):
        paths = files_below(source) if source.is_dir() else [source]
        yield {str(path): path for path in paths if is_dicom(opening_bytes(path))}
        return
    with tempfile.TemporaryDirectory(prefix="partialseg-") as folder:
        try:
            found = dict(_unpacked(source, Path(folder)))
        except UserError:
            raise
        except _DAMAGE as error:
            raise UserError(
                f"{source} is a damaged zip file, or one packed in a way that cannot be read here; "
                "unpack it yourself and name the folder."
            ) from error
        except RuntimeError as error:  # What zipfile raises where a password is needed.
            raise UserError(
                f"{source} is encrypted; unpack it yourself and name the folder."
            ) from error
        yield found


def _is_zip(source: Path) -> bool:
    return opening_bytes(source).startswith(b"PK\3\4")


def _unpacked(source: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    IMAGE_GB.check(incoming.file_size(source) / 1e9, f"{source} has")
    with zipfile.ZipFile(source) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        # zipfile gives no more of a member than it declares.
        size = sum(member.file_size for member in members)
        IMAGE_GB.check(size / 1e9, f"{source}, unpacked, has")
        require_room(folder, size, f"What is packed in {source}")
        for number, member in enumerate(members):
            with archive.open(member) as packed:
                head = packed.read(132)
                if not is_dicom(head):
                    continue
                path = folder / f"{number}.dcm"
                with open(path, "wb") as file:
                    file.write(head)
                    copyfileobj(packed, file)
            yield f"{shown(member.filename)} in {source}", path
