"""Whether enough was drawn on a scan for a model to learn from it."""

from __future__ import annotations

import numpy as np

from .drawn import Drawn

# Voxels of the model's grid. Fewer teach noise; what is known is kept all the same.
LEAST_VOXELS = 300
LEAST_OF_A_STRUCTURE = 20


def why_not_enough(drawn: Drawn) -> str | None:
    """Why nothing can be learned from what was drawn, in a sentence; None where it can."""
    counts = drawn.counts()
    shown = np.flatnonzero(counts >= LEAST_OF_A_STRUCTURE)
    names = drawn.scheme.leaf_names
    if not len(shown):
        return (
            "Nothing was drawn down to single structures, so there is nothing to learn from it; "
            "draw all structures of a slice."
        )
    if len(shown) == 1:
        return (
            f"Only '{names[shown[0]]}' was drawn, which would teach that it is everywhere; draw "
            "what lies beside it too, or mark it complete."
        )
    if counts.sum() < LEAST_VOXELS:
        return (
            f"Only {int(counts.sum())} voxels were drawn, where {LEAST_VOXELS} teach something; "
            "draw a whole slice."
        )
    return None
