"""Scans as Slicer gives them to a job."""

import numpy as np

# Of array indices (k, j, i), as Slicer's matrix for (I, J, K) is with its columns reversed:
# oblique, anisotropic, and none of the axes along one of RAS.
OBLIQUE = np.array(
    [
        [0.3, -0.7, 1.6, -20.0],
        [0.5, 1.2, 0.9, -15.0],
        [-2.8, 0.4, 0.5, 31.0],
        [0.0, 0.0, 0.0, 1.0],
    ]
)
SHAPE = (12, 14, 16)


def noise(shape=SHAPE) -> np.ndarray:
    """A scan as Slicer gives it: int16, (K, J, I)."""
    return np.random.default_rng(0).integers(0, 900, shape).astype(np.int16)
