"""NRRD, Slicer's own format, between bytes and volumes."""

from __future__ import annotations

import bz2
import math
import os
import re
import warnings
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import nrrd
import numpy as np
from isal import isal_zlib

from ..errors import UserError
from .file_bytes import beside, check_size, damaged, read_bytes
from .gzipped import check_can_hold, most_unpacked
from .volume import Volume, storable

# What turns positions in each space that a NRRD file may declare into RAS.
_TO_RAS = {
    "right-anterior-superior": (1, 1, 1),
    "ras": (1, 1, 1),
    "left-posterior-superior": (-1, -1, 1),
    "lps": (-1, -1, 1),
    "left-anterior-superior": (-1, 1, 1),
    "las": (-1, 1, 1),
}
# What pynrrd raises for a file that makes no sense or is cut short.
_DAMAGE = (
    nrrd.reader.NRRDError,
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    isal_zlib.error,
)
# Of text before the voxels; nobody writes more.
_MOST_LINES = 100_000
_MOST_TEXT = 10_000_000
_PACKED = ("gzip", "gz", "bzip2", "bz2")
# What a voxel of each type takes; the names of the others tell it, and what is left has 4 bytes.
_BYTES = (("char", 1), ("short", 2), ("long", 8), ("double", 8), ("block", 0))
_ESCAPED = re.compile(r"\\n|\\\\")
_REMEDY = "load it in Slicer, check its orientation there and save it as .nii.gz"


def is_nrrd(content: bytes) -> bool:
    """Whether the bytes begin as a NRRD header does."""
    return content.startswith(b"NRRD000")


def decode(content: bytes, path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray]:
    """Voxel values with a list axis, where there is one, put last; and the affine in RAS mm.

    Args:
        path: where the bytes came from; a detached header (.nhdr) has its data beside it.

    Raises:
        UserError: a damaged file, data elsewhere than beside the header, an image that takes more
            memory than IMAGE_GB allows, no space directions, or a space but RAS, LPS and LAS.
    """
    try:
        header, data = _read(content, path)
    except UserError:
        raise
    except _DAMAGE as error:
        raise damaged(path, "NRRD file", error) from error
    if header.get("space directions") is None:
        raise UserError(f"{path} has no space directions, so its orientation is lost; {_REMEDY}.")
    space = str(header.get("space", "missing")).lower()
    if space not in _TO_RAS:
        raise UserError(f"{path} has space {space!r}, where RAS, LPS or LAS is needed; {_REMEDY}.")

    directions, origin = _vectors(header, "space directions"), _vectors(header, "space origin")
    if directions.shape != (data.ndim, 3) or origin.size not in (0, 3):
        raise damaged(
            path,
            "NRRD file",
            f"its {data.ndim} axes have space directions of shape {directions.shape} and an origin "
            f"of {origin.size} numbers",
        )
    spatial = ~np.isnan(directions).any(axis=1)
    if spatial.sum() != 3:
        raise UserError(f"{path} has {spatial.sum()} spatial axes, where 3 are needed; {_REMEDY}.")
    affine = np.eye(4)
    affine[:3, :3] = directions[spatial].T
    affine[:3, 3] = origin if origin.size else 0
    affine[:3] *= np.array(_TO_RAS[space])[:, None]
    order = [*np.flatnonzero(spatial), *np.flatnonzero(~spatial)]
    return data.transpose(order), affine


def _read(content: bytes, path: str | os.PathLike) -> tuple[dict[str, Any], np.ndarray]:
    """Header and values; no more is unpacked than the header declares."""
    opened = BytesIO(content)
    with warnings.catch_warnings():
        # Text that is no number is told by the number of values, and by an error.
        warnings.simplefilter("ignore")
        header = nrrd.read_header(opened)
        detached = _taken(header, "data file")
        if detached is not None:
            opened = BytesIO(read_bytes(beside(path, detached, "data file")))
        _skip_lines(opened, _taken(header, "line skip") or 0)
        size, skipped = _declared_size(header), header.get("byteskip", header.get("byte skip", 0))
        check_size(size, path)
        kind = str(header["encoding"])
        if kind in _PACKED:
            opened = BytesIO(_unpacked(opened.read(), kind, size, skipped, path))
            header["encoding"] = "raw"
        return header, nrrd.read_data(header, opened)


def _taken(header: dict[str, Any], field: str) -> Any:
    """A field out of the header, whose name may be written as one word; None where it has none."""
    found = [header.pop(name, None) for name in (field.replace(" ", ""), field)]
    return next((value for value in found if value is not None), None)


def _skip_lines(opened: BytesIO, count: int) -> None:
    there = opened.getbuffer()[opened.tell() :].tobytes().count(b"\n") if count else 0
    if not 0 <= count <= min(there, _MOST_LINES):
        raise ValueError(f"it skips {count} lines, and {there} are there")
    for _ in range(count):
        opened.readline()


def _declared_size(header: dict[str, Any]) -> int:
    """The bytes of all voxels."""
    sizes = [int(size) for size in header["sizes"]]
    if not sizes or min(sizes) < 0:
        raise ValueError(f"it has the sizes {sizes}")
    kind = str(header["type"])
    wide = re.fullmatch(r"u?int(\d+)(_t)?", kind)
    each = int(wide[1]) // 8 if wide else next((n for name, n in _BYTES if name in kind), 4)
    return math.prod(sizes) * each


def _unpacked(packed: bytes, kind: str, size: int, skipped: int, path: str | os.PathLike) -> bytes:
    """All bytes to the last of `size` ones, before which so many are skipped, -1 for the rest."""
    wanted = skipped + size
    if skipped < 0:
        wanted = most_unpacked(len(packed))
    elif kind.startswith("gz"):
        check_can_hold(len(packed), wanted, path)
    check_size(wanted, path)
    gz = kind.startswith("gz")
    stream = isal_zlib.decompressobj(wbits=31) if gz else bz2.BZ2Decompressor()
    # One byte more than wanted, so that the checksum at the end is read.
    return stream.decompress(packed, max_length=wanted + 1)[:wanted]


def _vectors(header: dict[str, Any], field: str) -> np.ndarray:
    """A field of numbers, those that are `none` as NaN; what is no such field has no shape."""
    rows = header.get(field)
    try:
        return np.array(
            [[np.nan] * 3 if row is None else row for row in ([] if rows is None else rows)],
            dtype=float,
        )
    except (TypeError, ValueError):
        return np.full((0, 0), np.nan)


def key_values(content: bytes) -> dict[str, str]:
    """The lines `key:=value` of a header.

    In UTF-8, as Slicer writes them: pynrrd leaves out every letter that is not ASCII.
    """
    head = re.split(rb"\r?\n\r?\n", content[:_MOST_TEXT], maxsplit=1)[0]
    text = head.decode("utf-8", errors="replace")
    lines = (line.rstrip("\r").partition(":=") for line in text.split("\n") if ":=" in line)
    return {
        key.strip(): _ESCAPED.sub(lambda found: "\n" if found[0] == "\\n" else "\\", value.strip())
        for key, _, value in lines
        if not key.startswith("#")
    }


def encode(
    volume: Volume,
    gzip_level: int,
    lines: Mapping[str, str] | None = None,
    *,
    list_first: bool = False,
) -> bytes:
    """The volume as a gzip-encoded NRRD file in LPS, the space that Slicer writes.

    A NRRD file has one affine; it is where Slicer sees the scan that the volume belongs to. `lines`
    are further ones, `key:=value`; channels are the last axis of the file, or the first.
    """
    data = storable(volume.data)
    seen = volume.grid.affine_of_itk
    affine = np.diag([-1, -1, 1, 1]) @ (volume.affine if seen is None else seen)
    axes = [*range(data.ndim)]
    if list_first:
        axes = [*axes[3:], *axes[:3]]
    directions = np.vstack([affine[:3, :3].T, np.full((data.ndim - 3, 3), np.nan)])
    kinds = np.array(["domain"] * 3 + ["list"] * (data.ndim - 3))
    header = {
        "space": "left-posterior-superior",
        "space directions": directions[axes],
        "space origin": affine[:3, 3],
        "kinds": kinds[axes].tolist(),
        "encoding": "gzip",
    }
    opened = BytesIO()
    nrrd.write(opened, data.transpose(axes), header, compression_level=gzip_level)
    # pynrrd notes the time of writing in a comment; equal volumes shall give equal files.
    text, _, voxels = opened.getvalue().partition(b"\n\n")
    text = re.sub(rb"(?m)^#.*\n", b"", text)
    for key, value in (lines or {}).items():
        escaped = value.replace("\\", "\\\\").replace("\n", "\\n")
        text += f"\n{key}:={escaped}".encode()
    return text + b"\n\n" + voxels
