"""Small labelmaps of smooth shapes, for the tests of this folder."""

import numpy as np
from scipy import ndimage

from partialseg_trainer.volumes import Volume

SPACING = (0.8, 1.1, 2.5)


def blob(seed: int, shape=(24, 20, 14), share: float = 0.3) -> np.ndarray:
    """A bool mask of smooth pieces that covers about `share` of the array, its border too."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 2)
    return noise > np.quantile(noise, 1 - share)


def labelmap(data: np.ndarray, spacing=SPACING) -> Volume:
    return Volume(data.astype(np.uint8), np.diag((*spacing, 1.0)))
