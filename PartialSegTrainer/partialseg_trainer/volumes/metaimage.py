"""MetaImage (.mha, .mhd), ITK's own format, from bytes to volumes.

ITK's reader takes paths alone, and follows a header to lists and patterns of files anywhere on the
computer; so the few fields that place voxels are read here (itk.org/Wiki/ITK/MetaIO/Documentation).
"""

from __future__ import annotations

import math
import os
import re
import zlib
from typing import NamedTuple

import numpy as np

from ..errors import UserError
from .file_bytes import beside, check_size, damaged, read_bytes
from .gzipped import BEST_RATIO

_BEGIN = re.compile(rb"(ObjectType|ObjectSubType|Comment|NDims)[ \t]*=")
# Of text before the voxels; nobody writes more.
_MOST_HEADER = 1 << 16
_LAST = "ElementDataFile"
_TYPES = {
    **{"MET_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2"},
    **{"MET_INT": "i4", "MET_UINT": "u4", "MET_LONG": "i4", "MET_ULONG": "u4"},
    **{"MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8", "MET_FLOAT": "f4", "MET_DOUBLE": "f8"},
}
_MATRIX = ("TransformMatrix", "Rotation", "Orientation")
_ORIGIN = ("Offset", "Position", "Origin")
_SPACING = ("ElementSpacing", "ElementSize")
_MSB = ("BinaryDataByteOrderMSB", "ElementByteOrderMSB")
_REMEDY = "load it in Slicer, check its orientation there and save it as .nii.gz"


class _Header(NamedTuple):
    fields: dict[str, str]
    end: int

    def text(self, *names: str, default: str = "") -> str:
        """The first of the fields that is there."""
        return next((self.fields[name] for name in names if name in self.fields), default)

    def is_true(self, *names: str) -> bool:
        return self.text(*names)[:1].lower() in ("t", "y", "1")

    def numbers(self, *names: str) -> np.ndarray:
        return np.array(self.text(*names).split(), dtype=np.float64)

    def whole(self, *names: str, default: str) -> int:
        text = self.text(*names, default=default)
        if not re.fullmatch(r"-?\d{1,18}", text):
            raise ValueError(f"{names[0]} is {text[:40]!r}, no whole number")
        return int(text)


def is_metaimage(content: bytes) -> bool:
    """Whether the bytes begin as a MetaImage header does."""
    return _BEGIN.match(content) is not None


def decode(content: bytes, path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray]:
    """Voxel values, (X, Y, Z) or with channels or times last, and the affine in RAS mm.

    Args:
        path: where the bytes came from; a detached header (.mhd) has its voxels beside it.

    Raises:
        UserError: a damaged file, voxels elsewhere than beside the header or in several files, text
            in place of bytes, an image that takes more memory than IMAGE_GB allows, or no
            orientation.
    """
    try:
        header = _header(content)
        axes = header.whole("NDims", default="0")
        sizes = [int(size) for size in header.numbers("DimSize")]
        kind = header.text("ElementType")
        channels = header.whole("ElementNumberOfChannels", default="1")
        if axes not in (3, 4) or len(sizes) != axes or min(*sizes, channels) < 1:
            raise ValueError(f"it has {axes} axes of the sizes {sizes}, {channels} values a voxel")
        if kind not in _TYPES:
            raise ValueError(f"its ElementType is {kind[:40]!r}")
        if not header.text(*_MATRIX):
            raise UserError(
                f"{path} has no TransformMatrix, so its orientation is lost; {_REMEDY}."
            )
        affine = _affine(header, axes)
        dtype = np.dtype(_TYPES[kind]).newbyteorder(">" if header.is_true(*_MSB) else "<")
        size = math.prod(sizes) * channels * dtype.itemsize
        check_size(size, path)
        voxels = _voxels(header, content, size, path)
    except UserError:
        raise
    except (ArithmeticError, LookupError, ValueError, zlib.error) as error:
        raise damaged(path, "MetaImage file", error) from error
    data = np.frombuffer(voxels, dtype).reshape((channels, *sizes), order="F")
    # A copy, because what lies in the bytes of a file cannot be written to.
    data = data.astype(dtype.newbyteorder("="))
    return (data[0] if channels == 1 else np.moveaxis(data, 0, -1)), affine


def _header(content: bytes) -> _Header:
    fields: dict[str, str] = {}
    start = 0
    while True:
        end = content.find(b"\n", start, _MOST_HEADER)
        if end < 0:
            raise ValueError(f"its header does not end with the field {_LAST}")
        name, equals, value = content[start:end].decode("utf-8", "surrogateescape").partition("=")
        name, start = name.strip(), end + 1
        if equals:
            fields.setdefault(name, value.strip())
        if name == _LAST:
            return _Header(fields, start)


def _affine(header: _Header, axes: int) -> np.ndarray:
    """The file has the direction of each axis in a row, in LPS, as ITK does."""
    directions, spacing = header.numbers(*_MATRIX), header.numbers(*_SPACING)
    origin = header.numbers(*_ORIGIN) if header.text(*_ORIGIN) else np.zeros(axes)
    if (directions.size, spacing.size, origin.size) != (axes * axes, axes, axes):
        raise ValueError(
            f"its {axes} axes have {directions.size} numbers for directions, {spacing.size} for "
            f"spacing and {origin.size} for the origin"
        )
    affine = np.eye(4)
    affine[:3, :3] = directions.reshape(axes, axes)[:3, :3].T * spacing[:3]
    affine[:3, 3] = origin[:3]
    return np.diag([-1, -1, 1, 1]) @ affine


def _voxels(header: _Header, content: bytes, size: int, path: str | os.PathLike) -> bytes:
    """The bytes of all voxels, unpacked; no more is unpacked than the header declares."""
    if header.text("BinaryData", default="True")[:1].lower() not in ("t", "y", "1"):
        raise UserError(f"{path} holds its voxels as text; {_REMEDY}.")
    name = header.text(_LAST)
    if name.upper() == "LIST" or "%" in name or " " in name:
        raise UserError(f"{path} has its voxels in several files ({_LAST}); {_REMEDY}.")
    if name.upper() == "LOCAL":
        stored = memoryview(content)[header.end :]
    else:
        stored = memoryview(read_bytes(beside(path, name, _LAST)))
    skipped = header.whole("HeaderSize", default="0")
    packed = header.is_true("CompressedData")
    if skipped < 0 and not packed:
        skipped = max(len(stored) - size, 0)
    stored = stored[max(skipped, 0) :]
    if packed:
        if size > BEST_RATIO * len(stored):
            raise ValueError(f"it declares {size} bytes, more than {len(stored)} can hold")
        # zlib or gzip, as ITK takes both.
        stored = zlib.decompressobj(wbits=47).decompress(stored, max_length=size)
    if len(stored) < size:
        raise ValueError(f"its header declares {size} bytes of voxels, and {len(stored)} are there")
    return stored[:size]
