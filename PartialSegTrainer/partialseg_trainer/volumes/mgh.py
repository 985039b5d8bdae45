"""MGH and MGZ, FreeSurfer's own format, from bytes to volumes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import nibabel
import numpy as np
from nibabel.freesurfer.mghformat import MGHError

from ..errors import UserError
from .file_bytes import NIBABEL_DAMAGE, check_size, damaged

_HEADER = 284
# Bytes a voxel of each type that the format has: uint8, int32, float32, int16.
_TYPES = {0: 1, 1: 4, 3: 4, 4: 2}
_DAMAGE = (MGHError, *NIBABEL_DAMAGE)


@dataclass(frozen=True)
class _Declared:
    """What the first fields of a header say; every number of the format is big-endian."""

    shape: tuple[int, ...]
    kind: int
    placed: bool

    @classmethod
    def of(cls, content: bytes) -> _Declared:
        shape = np.frombuffer(content, ">i4", 4, 4)
        kind = int.from_bytes(content[20:24], "big")
        return cls(tuple(int(size) for size in shape), kind, content[28:30] == b"\0\1")

    @property
    def voxel_bytes(self) -> int:
        return math.prod(self.shape) * _TYPES[self.kind]


def is_mgh(content: bytes) -> bool:
    """Whether the bytes begin as an MGH header does: version 1, and a type that there is."""
    return (
        len(content) >= _HEADER
        and content[:4] == b"\0\0\0\1"
        and int.from_bytes(content[20:24], "big") in _TYPES
    )


def declared_size(content: bytes, name: str) -> int:
    """The bytes of header and voxels by the header, with which `content` begins.

    Raises UserError for a damaged header.
    """
    declared = _Declared.of(content)
    if min(declared.shape) < 1:
        raise damaged(name, "MGH file", f"its header declares the shape {declared.shape}")
    return _HEADER + declared.voxel_bytes


def decode(content: bytes, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Voxel values, (X, Y, Z) or with frames last, and the affine in RAS mm.

    What follows the voxels, the commands that made the file among it, is not looked at.

    Raises:
        UserError: a damaged header, too few voxels, more memory than IMAGE_GB allows, or a header
            that does not place the scan.
    """
    size = declared_size(content, name)
    if size > len(content):
        raise damaged(
            name, "MGH file", f"its header declares {size} bytes, and {len(content)} are there"
        )
    check_size(size, name)
    if not _Declared.of(content).placed:
        raise UserError(
            f"{name} does not say where its voxels lie (goodRASFlag is not 1), so its orientation "
            "is lost; convert the original scan again, with FreeSurfer's mri_convert."
        )
    try:
        image = nibabel.MGHImage.from_bytes(content[:size])
        return np.asanyarray(image.dataobj), image.affine
    except _DAMAGE as error:
        raise damaged(name, "MGH file", error) from error
