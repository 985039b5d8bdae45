"""NRRD, Slicer's own format, between bytes and volumes."""

from __future__ import annotations

import os
import re
import zlib
from io import BytesIO

import nrrd
import numpy as np

from ..errors import UserError
from .file_bytes import damaged
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
    LookupError,
    MemoryError,
    OSError,
    ValueError,
    zlib.error,
)
_REMEDY = "load it in Slicer, check its orientation there and save it as .nii.gz"


def is_nrrd(content: bytes) -> bool:
    """Whether the bytes begin as a NRRD header does."""
    return content.startswith(b"NRRD000")


def decode(content: bytes, path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray]:
    """Voxel values with a list axis, where there is one, put last; and the affine in RAS mm.

    Args:
        path: where the bytes came from; a detached header (.nhdr) names its data relative to it.

    Raises:
        UserError: a damaged file, no space directions, or a space that is not RAS, LPS or LAS.
    """
    opened = BytesIO(content)
    try:
        header = nrrd.read_header(opened)
        data = nrrd.read_data(header, opened, str(path))
    except _DAMAGE as error:
        raise damaged(path, "NRRD file", error) from error
    if header.get("space directions") is None:
        raise UserError(f"{path} has no space directions, so its orientation is lost; {_REMEDY}.")
    space = str(header.get("space", "missing")).lower()
    if space not in _TO_RAS:
        raise UserError(f"{path} has space {space!r}, where RAS, LPS or LAS is needed; {_REMEDY}.")

    directions = np.array(
        [[np.nan] * 3 if axis is None else axis for axis in header["space directions"]]
    )
    spatial = ~np.isnan(directions).any(axis=1)
    if spatial.sum() != 3:
        raise UserError(f"{path} has {spatial.sum()} spatial axes, where 3 are needed; {_REMEDY}.")
    affine = np.eye(4)
    affine[:3, :3] = directions[spatial].T
    affine[:3, 3] = header.get("space origin", np.zeros(3))
    affine = np.diag([*_TO_RAS[space], 1]) @ affine
    order = [*np.flatnonzero(spatial), *np.flatnonzero(~spatial)]
    return data.transpose(order), affine


def encode(volume: Volume, gzip_level: int) -> bytes:
    """The volume as a gzip-encoded NRRD file in LPS, the space that Slicer writes.

    A NRRD file has one affine; it is where Slicer sees the scan that the volume belongs to.
    """
    data = storable(volume.data)
    seen = volume.grid.affine_of_itk
    affine = np.diag([-1, -1, 1, 1]) @ (volume.affine if seen is None else seen)
    channels = data.ndim - 3
    header = {
        "space": "left-posterior-superior",
        "space directions": np.vstack([affine[:3, :3].T, np.full((channels, 3), np.nan)]),
        "space origin": affine[:3, 3],
        "kinds": ["domain"] * 3 + ["list"] * channels,
        "encoding": "gzip",
    }
    opened = BytesIO()
    nrrd.write(opened, data, header, compression_level=gzip_level)
    # pynrrd notes the time of writing in a comment; equal volumes shall give equal files.
    text, _, voxels = opened.getvalue().partition(b"\n\n")
    return re.sub(rb"(?m)^#.*\n", b"", text) + b"\n\n" + voxels
