"""A model as one file to hand on: a zip of its folder, with the checksum of each file."""

from __future__ import annotations

import hashlib
import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from ..errors import UserError
from ..files import atomic_path, require_room
from ..folders import missing
from ..incoming import file_size, read_bytes, shown
from ..limits import MODEL_GB, TEXT_MB
from .adoption import adopt
from .info import CARD_FILE, INFO_FILE, PREVIEW_FILE, WEIGHTS_FILE, read_info

SUMS_FILE = "SHA256SUMS"
"""In the form of `sha256sum`, which checks it too."""

_NEEDED = (INFO_FILE, WEIGHTS_FILE)
_FILES = (*_NEEDED, CARD_FILE, PREVIEW_FILE)
_PIECE = 1 << 20
# What zipfile raises for an archive that makes no sense, is cut short or needs a password.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


def pack_model(folder: Path, path: Path, *, overwrite: bool = False) -> Path:
    """Write the model in `folder` as a zip file; equal models give equal files.

    Raises UserError for a folder without a model, another ending than .zip, and a file that is
    there, unless `overwrite`.
    """
    if path.suffix.lower() != ".zip":
        raise UserError(f"{path} must end in .zip; give the archive such a name.")
    if path.exists() and not overwrite:
        raise UserError(f"{path} already exists; choose another file, or ask to overwrite.")
    read_info(folder)
    files = [folder / name for name in _FILES if name in _NEEDED or (folder / name).is_file()]
    for file in files:
        if not file.is_file():
            raise missing(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    require_room(path, sum(map(file_size, files)), "The archive")
    contents = {file.name: read_bytes(file, MODEL_GB, 1e9) for file in files}
    sums = "".join(f"{_sum(content)}  {name}\n" for name, content in contents.items())
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, content in {SUMS_FILE: sums.encode(), **contents}.items():
            # The time of the day is no part of a model.
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return path


def install_model(source: Path, check: Callable[[Path], object]) -> Path:
    """Put a packed model, or a model's folder, among the user's own; returns its folder there.

    Of an archive nothing is written but the files of a model, each as large as it says and with
    the checksum that it has in `SHA256SUMS`; of a folder nothing else is copied. A model of the
    same name is never replaced (see `adopt`).

    Args:
        check: loads the model in a folder, and raises UserError where that cannot be done. Asked
            before anything is installed.

    Raises UserError for what is no model, is damaged, or asks for more than `MODEL_GB`.
    """
    if not source.exists():
        raise missing(source)
    if source.is_dir():
        for name in _FILES:
            if (source / name).exists():
                file_size(source / name)
        check(source)
        return adopt(source, _FILES)
    file_size(source)
    with tempfile.TemporaryDirectory(prefix="partialseg-") as temporary:
        folder = Path(temporary)
        try:
            with zipfile.ZipFile(source) as archive:
                _unpack(archive, folder, source)
        except _DAMAGE as error:
            raise UserError(
                f"{source} is no archive of a model, or is damaged ({error}); get it again, or "
                "name a model's folder."
            ) from error
        try:
            check(folder)
            return adopt(folder, _FILES)
        except UserError as error:
            # The user knows the archive, and not where it was unpacked.
            raise UserError(str(error).replace(str(folder), str(source))) from error


def _unpack(archive: zipfile.ZipFile, folder: Path, source: Path) -> None:
    """The files of a model, and nothing else, after a look at all that the archive declares."""
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    for entry in entries:
        name = entry.filename
        if name not in (*_FILES, SUMS_FILE):
            raise UserError(
                f"{source} holds {shown(name)}, which is no part of a model ({', '.join(_FILES)}); "
                "pack it with 'partialseg models pack'."
            )
        if names.count(name) > 1:
            raise UserError(f"{source} holds {name} more than once; pack it anew.")
        # What is no file by the mode that Unix programs store; others store none.
        if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
            raise UserError(
                f"{source} holds {name} as a link or another thing than a file; pack it with "
                "'partialseg models pack'."
            )
    for name in (*_NEEDED, SUMS_FILE):
        if name not in names:
            raise UserError(f"{source} has no {name}; pack it with 'partialseg models pack'.")
    sums = archive.getinfo(SUMS_FILE)
    TEXT_MB.check(sums.file_size / 1e6, f"{SUMS_FILE} of {source} has")
    size = sum(entry.file_size for entry in entries)
    MODEL_GB.check(size / 1e9, f"{source} unpacks to")
    require_room(folder, size, f"Unpacking {source}")
    expected = _sums(archive.read(sums), source)
    for entry in entries:
        if entry.filename == SUMS_FILE:
            continue
        digest = hashlib.sha256()
        # Reads no more than was declared, whatever is there.
        with archive.open(entry) as packed, open(folder / entry.filename, "wb") as file:
            while piece := packed.read(_PIECE):
                digest.update(piece)
                file.write(piece)
        if digest.hexdigest() != expected.get(entry.filename):
            raise UserError(
                f"{source} is damaged: {entry.filename} has another checksum than {SUMS_FILE} "
                "says; get it again."
            )


def _sums(content: bytes, source: Path) -> dict[str, str]:
    found = re.findall(r"^([0-9a-f]{64})  (\S+)$", content.decode("utf-8", "replace"), re.MULTILINE)
    if not found:
        raise UserError(f"{source} has no checksums in its {SUMS_FILE}; pack it anew.")
    return {name: digest for digest, name in found}


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
