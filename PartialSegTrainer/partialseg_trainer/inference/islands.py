"""Structures that are one piece come out as one piece."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..labels import LabelScheme
from ..volumes.foreground import bounds, grown

# Whose islands elsewhere in the head are errors: of these nine tissues no other is one piece.
_ONE_PIECE = ("cerebellum", "brainstem")


def join_islands(labelmap: np.ndarray, scheme: LabelScheme) -> np.ndarray:
    """Give islands of cerebellum and brainstem to what lies around them; changes `labelmap`.

    All but the largest piece of each (voxels that share a face) take the value that is most
    frequent among the voxels around them.

    Args:
        labelmap: (X, Y, Z) in the scheme's values.

    Returns a bool array (X, Y, Z): the voxels that were changed.
    """
    changed = np.zeros(labelmap.shape, dtype=bool)
    for name in _ONE_PIECE:
        if name not in scheme or scheme[name].children:
            continue
        value = scheme[name].value
        found = labelmap == value
        if not found.any():
            continue
        # With the voxels around it; a structure takes up little of a head.
        place = grown(bounds(found), 1, found.shape)
        pieces, _ = ndimage.label(found[place])
        largest = np.bincount(pieces.ravel())[1:].argmax() + 1
        for number, box in enumerate(ndimage.find_objects(pieces), start=1):
            if number == largest:
                continue
            wider = grown(box, 1, pieces.shape)
            island = pieces[wider] == number
            around = ndimage.binary_dilation(island) & ~island
            if around.any():
                here = labelmap[place][wider]
                here[island] = np.bincount(here[around]).argmax()
                changed[place][wider] |= island
    return changed
