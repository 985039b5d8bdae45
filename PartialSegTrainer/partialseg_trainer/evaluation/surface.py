"""Distances between the surfaces of two masks, in mm."""

from __future__ import annotations

from dataclasses import dataclass

import edt
import numpy as np
from scipy import ndimage


@dataclass(frozen=True)
class SurfaceDistances:
    """How far each surface lies from the other.

    to_truth: (n,) mm, from each surface voxel of the prediction to the truth's nearest.
    to_prediction: (m,) mm, from each surface voxel of the truth to the prediction's nearest.
    """

    to_truth: np.ndarray
    to_prediction: np.ndarray

    def hausdorff(self, percentile: float = 100) -> float:
        """The larger of the two directed percentiles, mm; 100 is the Hausdorff distance itself."""
        return float(max(np.percentile(d, percentile) for d in (self.to_truth, self.to_prediction)))

    def mean(self) -> float:
        """The average symmetric surface distance, mm: the mean over the voxels of both surfaces."""
        total = self.to_truth.sum(dtype=np.float64) + self.to_prediction.sum(dtype=np.float64)
        return float(total / (self.to_truth.size + self.to_prediction.size))


def surface(mask: np.ndarray) -> np.ndarray:
    """The voxels of a mask that have a face on its outside; the border of the array is outside.

    The definition of MONAI's metrics: the mask less its erosion by the 6-neighbourhood.
    """
    return mask & ~ndimage.binary_erosion(mask)


def surface_distances(
    prediction: np.ndarray, truth: np.ndarray, spacing: tuple[float, float, float]
) -> SurfaceDistances:
    """Distances both ways between the surfaces of two masks (X, Y, Z), neither of them empty.

    `spacing` is the distance between voxel centres along each axis, mm. Pass masks cropped to the
    box around their union: every voxel of either surface lies in it, so nothing changes but speed.
    """
    prediction_surface, truth_surface = surface(prediction), surface(truth)
    spacing = tuple(float(step) for step in spacing)
    return SurfaceDistances(
        to_truth=edt.edt(~truth_surface, anisotropy=spacing)[prediction_surface],
        to_prediction=edt.edt(~prediction_surface, anisotropy=spacing)[truth_surface],
    )
