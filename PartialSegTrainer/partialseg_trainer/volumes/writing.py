"""Write a volume, whole or not at all, in the format that the file's ending names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from isal import igzip

from ..errors import UserError
from ..files import atomic_path, write_text
from ..finding import split_ending
from ..labels import LabelScheme
from ..labels.table import bids_table
from . import nifti, nrrd, segments
from .grid import Grid
from .volume import Volume

# On raw scans level 4 takes less than half the time of 6 for 2 % more bytes.
_NRRD_GZIP_LEVEL = 4
_SHARE_STEP = 0.004
FLAGGED = "flagged"


def write_volume(path: str | os.PathLike, volume: Volume) -> None:
    """Write `.nii.gz`, `.nii` or `.nrrd`; equal volumes give equal files, byte for byte.

    An existing file is replaced; to ask first is the caller's part.

    Raises:
        UserError: another ending, or the file cannot be written (folder, permission, disk full).
    """
    path = Path(path)
    ending = path.name.lower()
    if ending.endswith((".nii.gz", ".nii")):
        with _opened(path) as file:
            nifti.write(file, volume)
    elif ending.endswith(".nrrd"):
        content = nrrd.encode(volume, _NRRD_GZIP_LEVEL)
        with _opened(path) as file:
            file.write(content)
    else:
        raise UserError(f"{path} has an unknown ending; name it .nii.gz, .nii or .nrrd.")


def write_labelmap(
    path: str | os.PathLike,
    volume: Volume,
    scheme: LabelScheme,
    *,
    table: bool = False,
    status: str = FLAGGED,
) -> None:
    """Write a labelmap of the scheme's values: as `write_volume`, or with names in `.seg.nrrd`.

    A segmentation file has a segment for every label, with title, colour, terminology and
    `status`, Slicer's word for how far it has come; "flagged" holds it back until a person has
    looked at it. With `table`, what each value means is written too, see `table_of`.

    Raises:
        UserError: another ending, or the file cannot be written (folder, permission, disk full).
    """
    path = Path(path)
    if table:
        write_text(table_of(path), bids_table(scheme))
    if not path.name.lower().endswith(segments.ENDING):
        write_volume(path, volume)
        return
    content = segments.encode(volume, scheme, status, _NRRD_GZIP_LEVEL)
    with _opened(path) as file:
        file.write(content)


def table_of(labelmap: Path) -> Path:
    """The table of BIDS beside a labelmap: `a_dseg.tsv` for `a.nii.gz` and `a_dseg.nii.gz`."""
    stem = split_ending(labelmap.name)[0].removesuffix(".seg")
    return labelmap.with_name(f"{stem.removesuffix('_dseg')}_dseg.tsv")


def write_multilabel(
    path: str | os.PathLike, channels: Iterable[np.ndarray], count: int, grid: Grid
) -> None:
    """Write so many (X, Y, Z) uint8 volumes of one grid as the 4-D NIfTI file of a 0/1/2 tensor.

    They are taken one at a time, so that the tensor never has to fit the memory.

    Raises:
        UserError: the file cannot be written (folder, permission, disk full).
    """
    with _opened(Path(path)) as file:
        nifti.write_channels(file, channels, count, grid)


def write_shares(
    path: str | os.PathLike, channels: Iterable[np.ndarray], count: int, grid: Grid
) -> None:
    """Write so many (X, Y, Z) volumes of [0, 1] as one 4-D NIfTI file, in steps of 0.004.

    So it takes a byte a voxel; the header's slope makes every reader see shares.

    Raises:
        UserError: the file cannot be written (folder, permission, disk full).
    """
    steps = (np.rint(channel / _SHARE_STEP).astype(np.uint8) for channel in channels)
    with _opened(Path(path)) as file:
        nifti.write_channels(file, steps, count, grid, _SHARE_STEP)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, gzipped where its ending says so, that appears if the block ends well."""
    try:
        with atomic_path(path) as temporary, open(temporary, "wb") as plain:
            if path.suffix.lower() != ".gz":
                yield plain
                return
            # ISA-L: ten times as fast as zlib at level 4, and the files are as small.
            with igzip.IGzipFile("", "wb", fileobj=plain, mtime=0) as packed:
                yield packed
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({error.strerror}); check that the folder exists, may be "
            "written to and has space left."
        ) from error
