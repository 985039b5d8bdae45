"""NIfTI-1 and NIfTI-2, between bytes and volumes."""

from __future__ import annotations

import math

import nibabel
import numpy as np

from ..errors import UserError
from .volume import Volume, to_nibabel

# The first field of each header is its own size; the magic says that the data follow in one file.
_KINDS = {
    348: (nibabel.Nifti1Image, slice(344, 348), b"n+1\0"),
    540: (nibabel.Nifti2Image, slice(4, 8), b"n+2\0"),
}


def is_nifti(content: bytes) -> bool:
    """Whether the bytes begin as a NIfTI (or its ancestor, Analyze) header does."""
    return _header_size(content) in _KINDS


def decode(content: bytes, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Voxel values as stored (scaled where the header says so), and the affine as nibabel reads it.

    Raises:
        UserError: half of a .hdr/.img pair, Analyze, a damaged header, or too few voxels.
    """
    image_class, magic_at, magic = _KINDS[_header_size(content)]
    if content[magic_at] != magic:
        raise UserError(
            f"{name} is not a one-file NIfTI but an Analyze file or half of a .hdr/.img pair; "
            "convert it to .nii.gz."
        )
    try:
        image = image_class.from_bytes(content)
        header = image.header
        expected = math.prod(image.shape) * header.get_data_dtype().itemsize
        found = len(content) - header.get_data_offset()
        if found < expected:
            raise UserError(
                f"{name} is cut short: its header promises {expected} bytes of voxels, the file "
                f"has {max(found, 0)}; copy or export it again."
            )
        return np.asanyarray(image.dataobj), image.affine
    except UserError:
        raise
    except (
        nibabel.filebasedimages.ImageFileError,
        nibabel.spatialimages.HeaderDataError,
        nibabel.wrapstruct.WrapStructError,
        ArithmeticError,
        OSError,
        ValueError,
    ) as error:
        raise UserError(
            f"{name} has a damaged NIfTI header ({error}); export the image again."
        ) from error


def encode(volume: Volume) -> bytes:
    """The volume as an uncompressed NIfTI-1 file."""
    return to_nibabel(volume).to_bytes()


def _header_size(content: bytes) -> int:
    little, big = (int.from_bytes(content[:4], order) for order in ("little", "big"))
    return big if big in _KINDS else little
