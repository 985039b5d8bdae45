"""How far probabilities can be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BINS = 15


@dataclass(frozen=True)
class Calibration:
    """What came of the probabilities of one label, in bins of equal width.

    voxels: (B,) in each bin; expected: (B,) the sum of their probabilities; found: (B,) how many of
    them are the label; brier: the mean of (p - y)^2 over all, y in {0, 1} (Brier 1950).
    """

    voxels: np.ndarray
    expected: np.ndarray
    found: np.ndarray
    brier: float

    @property
    def ece(self) -> float:
        """Expected calibration error: sum over bins of n_b / n |mean p - mean y|.

        Of one label against the rest, as Kull et al. (NeurIPS 2019) have it for each class.
        """
        return float(np.abs(self.expected - self.found).sum() / self.voxels.sum())


def calibration(probability: np.ndarray, truth: np.ndarray) -> Calibration:
    """Compare probabilities of a label with where it is.

    Args:
        probability: any shape, in [0, 1].
        truth: bool, of the same shape.
    """
    p, y = probability.ravel(), truth.ravel()
    at = np.minimum((p * BINS).astype(np.uint8), BINS - 1)
    voxels, expected, found = (
        np.bincount(at, weights=weights, minlength=BINS) for weights in (None, p, y)
    )
    return Calibration(voxels, expected, found, float(np.square(p - y, dtype=np.float64).mean()))
