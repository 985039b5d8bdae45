"""Slices of a volume as a radiologist expects to see them."""

from __future__ import annotations

from dataclasses import dataclass

import nibabel
import numpy as np

from ..volumes import Volume, brain_box

# The axis of a RAS volume that each plane cuts across.
PLANES = {"axial": 2, "coronal": 1, "sagittal": 0}
_MARGIN_MM = 4


@dataclass(frozen=True)
class Viewer:
    """Cuts slices from volumes of one grid: reoriented to RAS and cropped to the brain.

    affine: (4, 4) of the volumes; box: what to show of a reoriented volume.
    """

    affine: np.ndarray
    box: tuple[slice, slice, slice]

    @classmethod
    def of(cls, image: Volume) -> Viewer:
        """A viewer of the part of a scan that shows the brain."""
        margin = round(_MARGIN_MM / float(image.spacing.min()))
        return cls(image.affine, brain_box(_to_ras(image.data, image.affine), margin))

    @property
    def spacing(self) -> np.ndarray:
        """Voxel spacing of the reoriented volume, (3,), mm."""
        orientation = nibabel.io_orientation(self.affine)
        spacing = np.empty(3)
        spacing[orientation[:, 0].astype(int)] = np.linalg.norm(self.affine[:3, :3], axis=0)
        return spacing

    def fullest(self, mask: np.ndarray) -> dict[str, int]:
        """For each plane the slice that holds most of a mask (X, Y, Z), the middle if it is empty.

        Of several that hold the same, the one nearest to the middle of them.
        """
        cropped = _to_ras(mask, self.affine)[self.box]
        positions = {}
        for plane, axis in PLANES.items():
            counts = cropped.sum(axis=tuple({0, 1, 2} - {axis}))
            best = np.flatnonzero(counts == counts.max())
            positions[plane] = int(best[len(best) // 2])
        return positions

    def slice(self, data: np.ndarray, plane: str, position: int) -> np.ndarray:
        """One slice of a volume (X, Y, Z), rows from top to bottom.

        In radiological convention: the patient's right on the left of axial and coronal slices;
        on sagittal ones the face looks to the left.
        """
        cropped = _to_ras(data, self.affine)[self.box]
        return np.take(cropped, position, axis=PLANES[plane]).T[::-1, ::-1]

    def pixel_mm(self, plane: str) -> tuple[float, float]:
        """Height and width of a pixel of a slice, mm."""
        width, height = np.delete(self.spacing, PLANES[plane])
        return float(height), float(width)

    def extent_mm(self, plane: str) -> tuple[float, float]:
        """Height and width of a slice, mm."""
        sizes = [part.stop - part.start for part in self.box]
        width, height = np.delete(self.spacing * sizes, PLANES[plane])
        return float(height), float(width)


def _to_ras(data: np.ndarray, affine: np.ndarray) -> np.ndarray:
    return nibabel.apply_orientation(data, nibabel.io_orientation(affine))
