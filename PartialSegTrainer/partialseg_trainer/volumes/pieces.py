"""Connected pieces of a structure in a labelmap."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from scipy import ndimage

from .foreground import bounds, grown

Box = tuple[slice, ...]


def join_pieces(
    labelmap: np.ndarray,
    values: Iterable[int],
    possible: Callable[[Box, np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    """Leave one piece of each of some values; changes `labelmap`.

    All but the largest piece of each (voxels that share a face) take the value that is most
    frequent among the voxels around them.

    Args:
        labelmap: (X, Y, Z) of whole numbers from 0 on.
        possible: the values that a piece may take, from the box around it and where in the box it
            is, bool; a piece that may take none of those around it stays.

    Returns a bool array (X, Y, Z): the voxels that were changed.
    """
    changed = np.zeros(labelmap.shape, dtype=bool)
    for value in values:
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
                frequent = np.bincount(here[around])
                if possible is not None:
                    box = tuple(
                        slice(outer.start + inner.start, outer.start + inner.stop)
                        for outer, inner in zip(place, wider, strict=True)
                    )
                    allowed = np.zeros_like(frequent, dtype=bool)
                    taken = possible(box, island)
                    allowed[taken[taken < len(allowed)]] = True
                    frequent[~allowed] = 0
                    if not frequent.any():
                        continue
                here[island] = frequent.argmax()
                changed[place][wider] |= island
    return changed
