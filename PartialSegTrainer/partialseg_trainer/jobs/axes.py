"""Between Slicer's arrays, (K, J, I), and volumes, (X, Y, Z)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..labels import LabelSets
from ..volumes import Volume

# Reverses the columns that belong to the three axes; its own inverse.
_REVERSED = [2, 1, 0, 3]


def to_volume(array: np.ndarray, affine: ArrayLike) -> Volume:
    """A volume, (X, Y, Z), that shares memory with a (K, J, I) array.

    Args:
        affine: (4, 4) from (k, j, i) to RAS mm.
    """
    return Volume(array.transpose(2, 1, 0), np.asarray(affine, dtype=np.float64)[:, _REVERSED])


def sets_of_volume(sets: LabelSets) -> LabelSets:
    """What is known of a (K, J, I) array as that of a volume, (X, Y, Z)."""
    return LabelSets(sets.scheme, np.transpose(sets.codes), sets.leaf_sets())


def to_array(data: np.ndarray) -> np.ndarray:
    """(X, Y, Z) as a contiguous (K, J, I)."""
    return np.ascontiguousarray(data.transpose(2, 1, 0))


def array_affine(affine: np.ndarray) -> list[list[float]]:
    """(4, 4) from (k, j, i) to RAS mm as nested lists, for a volume's affine."""
    return affine[:, _REVERSED].tolist()
