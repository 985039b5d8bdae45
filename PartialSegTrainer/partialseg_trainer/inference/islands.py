"""Structures that are one piece come out as one piece."""

from __future__ import annotations

import numpy as np

from ..labels import LabelScheme, LabelSets
from ..volumes.pieces import Box, join_pieces

# Whose islands elsewhere in the head are errors: of these nine tissues no other is one piece.
_ONE_PIECE = ("cerebellum", "brainstem")


def one_piece(scheme: LabelScheme) -> list[int]:
    """The values of the scheme's labels that are one piece, and are not cut up further."""
    return [
        scheme[name].value for name in _ONE_PIECE if name in scheme and not scheme[name].children
    ]


def join_islands(
    labelmap: np.ndarray, scheme: LabelScheme, known: LabelSets | None = None
) -> np.ndarray:
    """Give islands of cerebellum and brainstem to what lies around them; changes `labelmap`.

    An island becomes nothing that S excludes in any voxel of it: what was drawn there stays.

    Args:
        labelmap: (X, Y, Z) in the scheme's values.
        known: S of the same voxels, in this scheme.

    Returns a bool array (X, Y, Z): the voxels that were changed (see `join_pieces`).
    """
    if known is None:
        return join_pieces(labelmap, one_piece(scheme))
    values, sets = scheme.leaf_values, known.leaf_sets()

    def possible(box: Box, island: np.ndarray) -> np.ndarray:
        codes = np.unique(known.codes[box][island])
        # Leaves of one value, such as the rest of a label, stand for one another.
        each = [set(values[sets[code]].tolist()) for code in codes]
        return np.array(sorted(set.intersection(*each)), dtype=int)

    return join_pieces(labelmap, one_piece(scheme), possible)
