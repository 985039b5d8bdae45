"""Lesion-wise scores: lesions that were found, of a label that comes in separate pieces.

The rule is that of the WMH Segmentation Challenge (Kuijf et al., IEEE Transactions on Medical
Imaging 38, 2019): a lesion is a piece of voxels that touch by face, edge or corner, and is found
when it shares at least one voxel with the other side.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

_TOUCHING = np.ones((3, 3, 3), dtype=bool)


def lesion_f1(prediction: np.ndarray, truth: np.ndarray) -> float:
    """The harmonic mean of lesion-wise recall and precision, [0, 1], of two masks (X, Y, Z).

    Recall is the share of the true lesions that are found, precision the share of the predicted
    ones that are there. It is 0 where one side alone has lesions.

    Raises ValueError where neither has any: it is undefined there.
    """
    if not (prediction.any() or truth.any()):
        raise ValueError("neither mask has a lesion, so that F1 is undefined")
    recall, precision = _found(truth, prediction), _found(prediction, truth)
    return 2 * recall * precision / (recall + precision) if recall + precision else 0.0


def _found(lesions: np.ndarray, other: np.ndarray) -> float:
    """The share of the lesions in one mask that share a voxel with the other; 0 where are none."""
    pieces, count = ndimage.label(lesions, _TOUCHING)
    return len(np.unique(pieces[lesions & other])) / count if count else 0.0
