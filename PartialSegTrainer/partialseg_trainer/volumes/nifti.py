"""NIfTI-1 and NIfTI-2, between bytes and volumes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import nibabel
import numpy as np

from ..errors import UserError
from .file_bytes import NIBABEL_DAMAGE, check_size, damaged
from .forms import Forms, Nifti1Image, Nifti2Image, in_mm
from .grid import Grid
from .volume import Volume, to_nibabel

# The first field of each header is its own size; the magic says that the data follow in one file.
_KINDS = {
    348: (Nifti1Image, slice(344, 348), b"n+1\0"),
    540: (Nifti2Image, slice(4, 8), b"n+2\0"),
}
# What a voxel takes once it has been multiplied.
_SCALED_BYTES = 8


def is_nifti(content: bytes) -> bool:
    """Whether the bytes begin as a NIfTI (or its ancestor, Analyze) header does."""
    return _header_size(content) in _KINDS


def declared_sizes(content: bytes, name: str) -> tuple[int, int]:
    """How many bytes the file has by its header, with which `content` begins, and its image takes.

    Raises:
        UserError: half of a .hdr/.img pair, Analyze, or a damaged header.
    """
    size = _header_size(content)
    image_class, magic_at, magic = _KINDS[size]
    if len(content) >= size and content[magic_at] != magic:
        raise UserError(
            f"{name} is not a one-file NIfTI but an Analyze file or half of a .hdr/.img pair; "
            "convert it to .nii.gz."
        )
    try:
        with _silent_nibabel():
            header = image_class.header_class(content[:size])
        voxels = math.prod(int(count) for count in header.get_data_shape())
        stored = header.get_data_dtype().itemsize
        offset = int(header.get_data_offset())
        scaled = header.get_slope_inter() not in ((None, None), (1, 0))
    except NIBABEL_DAMAGE as error:
        raise damaged(name, "NIfTI file", error) from error
    if voxels < 0 or offset < 0:
        raise damaged(name, "NIfTI file", "its header declares less than nothing")
    return max(offset, size) + voxels * stored, voxels * (_SCALED_BYTES if scaled else stored)


def decode(content: bytes, name: str) -> tuple[np.ndarray, np.ndarray, Forms]:
    """Voxel values as stored (scaled where the header says so), the affine in mm by the form that
    nibabel chooses, and both forms.

    Raises:
        UserError: as `declared_sizes` does, too few voxels, or more memory than IMAGE_GB allows.
    """
    size, memory = declared_sizes(content, name)
    if size > len(content):
        raise damaged(
            name, "NIfTI file", f"its header declares {size} bytes, and {len(content)} are there"
        )
    check_size(memory, name)
    try:
        with _silent_nibabel():
            size = _header_size(content)
            image = _KINDS[size][0].from_bytes(content)
            forms = Forms.of(_KINDS[size][0].header_class(content[:size], check=False))
            return np.asanyarray(image.dataobj), forms.affine(image.shape), forms
    except NIBABEL_DAMAGE as error:
        raise damaged(name, "NIfTI file", error) from error


def placed(
    image: nibabel.spatialimages.SpatialImage,
) -> tuple[np.ndarray | None, Forms | None]:
    """The affine in mm of an image in memory, and the forms of its header where they agree with it.

    They do not where somebody has set another affine, or where the image is not NIfTI.
    """
    if not isinstance(image.header, nibabel.Nifti1Header) or image.affine is None:
        return image.affine, None
    forms = Forms.of(image.header)
    affine = in_mm(image.affine, forms.mm)
    same = np.allclose(affine, forms.affine(image.shape), rtol=1e-5, atol=1e-6)
    return affine, forms if same else None


def write(file: BinaryIO, volume: Volume) -> None:
    """Write the volume as a NIfTI-1 file, slice by slice."""
    to_nibabel(volume).to_stream(file)


def write_channels(
    file: BinaryIO, channels: Iterable[np.ndarray], count: int, grid: Grid, step: float = 1
) -> None:
    """Write so many uint8 volumes of one grid as a 4-D NIfTI-1 file, one after the other.

    Its header says that each value stands for so many `step`s.
    """
    whole = Volume(np.broadcast_to(np.uint8(0), (*grid.shape, count)), grid.affine, grid.forms)
    header = to_nibabel(whole).header
    header.set_slope_inter(step, 0)
    header.write_to(file)
    for channel in channels:
        file.write(np.ascontiguousarray(channel.T))


@contextmanager
def _silent_nibabel() -> Iterator[None]:
    """nibabel and numpy print what they find wrong too; the one sentence of the error is enough."""
    logger = nibabel.imageglobals.logger
    before, logger.disabled = logger.disabled, True
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        logger.disabled = before


def _header_size(content: bytes) -> int:
    little, big = (int.from_bytes(content[:4], order) for order in ("little", "big"))
    return big if big in _KINDS else little
