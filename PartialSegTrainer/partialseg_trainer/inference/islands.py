"""Structures that are one piece come out as one piece."""

from __future__ import annotations

import numpy as np

from ..labels import LabelScheme
from ..volumes.pieces import join_pieces

# Whose islands elsewhere in the head are errors: of these nine tissues no other is one piece.
_ONE_PIECE = ("cerebellum", "brainstem")


def one_piece(scheme: LabelScheme) -> list[int]:
    """The values of the scheme's labels that are one piece, and are not cut up further."""
    return [
        scheme[name].value for name in _ONE_PIECE if name in scheme and not scheme[name].children
    ]


def join_islands(labelmap: np.ndarray, scheme: LabelScheme) -> np.ndarray:
    """Give islands of cerebellum and brainstem to what lies around them; changes `labelmap`.

    Args:
        labelmap: (X, Y, Z) in the scheme's values.

    Returns a bool array (X, Y, Z): the voxels that were changed (see `join_pieces`).
    """
    return join_pieces(labelmap, one_piece(scheme))
