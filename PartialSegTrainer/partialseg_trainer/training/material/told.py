"""Which labels a training can teach, and which its model must not tell."""

from __future__ import annotations

import itertools

import numpy as np

from ...errors import UserError
from ...labels import LabelScheme


def untold_labels(scheme: LabelScheme, leaf_sets: np.ndarray) -> tuple[str, ...]:
    """The labels that may be in these scans and are marked in none, so that no model learns them.

    `leaf_sets` (K, L) bool are the sets of leaves that the voxels of the training scans may be. A
    label that is known to be absent is learned as that. Where a voxel is one of an untold label's
    and may be something else that is told, it is taken for that; so raises UserError for voxels of
    which nothing is left, the unseen parts of a super-label that was drawn.
    """
    vectors = scheme.vectors(leaf_sets)
    unmarked = ~(vectors == 1).any(axis=0) & (vectors == 2).any(axis=0)
    untold = tuple(itertools.compress(scheme.names, unmarked))
    hidden = scheme.membership[unmarked].any(axis=0)
    empty = ~(leaf_sets & ~hidden).any(axis=1)
    if empty.any():
        lost = scheme.membership[:, leaf_sets[empty].any(axis=0)].any(axis=1) & unmarked
        raise UserError(
            "There is no fully labelled scan to train on, and none shows "
            f"{', '.join(itertools.compress(scheme.names, lost))}, though there are voxels that "
            "can be nothing else, so these cannot be told apart; label one scan fully."
        )
    return untold
