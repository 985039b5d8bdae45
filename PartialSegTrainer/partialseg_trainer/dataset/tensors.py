"""The multi-label file of a case: label sets to (X, Y, Z, C) of 0, 1, 2, and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import UserError
from ..labels import ContradictionError, LabelScheme, LabelSets
from ..volumes import Grid, read_multilabel, write_multilabel


def write_label_sets(path: Path, sets: LabelSets, grid: Grid) -> None:
    """Write the sets of a volume of that grid, (X, Y, Z), with the forms of its scan."""
    channels = map(sets.value_of, sets.scheme.names)
    write_multilabel(path, channels, len(sets.scheme), grid)


def read_label_sets(path: Path, scheme: LabelScheme) -> tuple[LabelSets, Grid]:
    """The label sets of a multi-label file, and where its voxels lie.

    Raises UserError naming the file when it cannot be read, holds other values or another number of
    labels, or contradicts the scheme's hierarchy (a child without its parent, say).
    """
    volume = read_multilabel(path)
    channels = volume.data.shape[-1]
    if channels != len(scheme):
        raise UserError(
            f"{path} has {channels} label volumes, but scheme '{scheme.name}' has {len(scheme)} "
            "labels; export the case anew."
        )
    try:
        tensor = np.moveaxis(volume.data, -1, 0)
        return LabelSets.from_multilabel(scheme, tensor, affine=volume.affine), volume.grid
    except ContradictionError as error:
        raise UserError(f"{path} contradicts itself: {error}") from error
