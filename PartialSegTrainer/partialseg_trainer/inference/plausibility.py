"""What about a segmentation cannot be true of a newborn's brain, in words for who looks at it."""

from __future__ import annotations

import numpy as np

from ..labels import LabelScheme
from ..volumes import Volume
from ..volumes.foreground import bounds, grown

# Total cerebrum in mL. It has 39 mL in the youngest fetus of the spina bifida atlas, 21 weeks old.
# The whole brain has some 340 mL at birth and 64 % more after 90 days (Holland et al., JAMA
# Neurology 71, 2014). The limits lie well beyond both.
_CEREBRUM = "tcv"
_CEREBRUM_ML = (20, 700)
# Tissue around the brain, which may rightly reach the border of a scan.
_SURROUNDINGS = "background"
# Of the surface; a brain cut in half shows a third of its own at the cut.
_MOST_AT_BORDER = 0.25


def implausibilities(
    segmentation: Volume, scheme: LabelScheme, blank: bool = False
) -> tuple[str, ...]:
    """Sentences about a segmentation, a labelmap (X, Y, Z); none where nothing is odd.

    Looked for are a scan without any contrast, a result without any label, a total cerebrum of a
    size that no newborn's has, and a result that ends where the scan ends.

    Args:
        blank: whether the scan has one value in all its voxels.
    """
    # As it lies in memory: to look values up across it takes five times as long.
    labelmap, spacing = segmentation.data.T, segmentation.spacing[::-1]
    if blank:
        return ("The scan has one value in all its voxels; load it again, or choose another.",)
    if not labelmap.any():
        return (
            "Nothing was found in the scan; check that it is a T2-weighted scan of a newborn's "
            "head, or try another model.",
        )
    # With one voxel more on each side, so that only the border of the scan is a border here too.
    labelmap = labelmap[grown(bounds(labelmap), 1, labelmap.shape)]
    found = []
    if _CEREBRUM in scheme:
        low, high = _CEREBRUM_ML
        voxel_ml = abs(np.linalg.det(segmentation.affine[:3, :3])) / 1000
        cerebrum_ml = np.count_nonzero(scheme.mask(labelmap, _CEREBRUM)) * voxel_ml
        if not low <= cerebrum_ml <= high:
            found.append(
                f"The total cerebrum has {cerebrum_ml:.0f} mL, where that of a newborn has {low} "
                f"to {high} mL; check that the scan shows the whole head of a newborn, at its true "
                "voxel size."
            )
    inside = labelmap != 0
    if _SURROUNDINGS in scheme:
        inside &= ~scheme.mask(labelmap, _SURROUNDINGS)
    share = share_at_border(inside, spacing)
    if share > _MOST_AT_BORDER:
        found.append(
            f"{share:.0%} of the surface of what was found lies on the border of the scan, so it "
            "is cut off there, or other tissue was taken for the brain; check the segments."
        )
    return tuple(found)


def share_at_border(mask: np.ndarray, spacing: np.ndarray) -> float:
    """Which share of the surface of a mask, (X, Y, Z), is the border of the volume; 0 if empty.

    Args:
        spacing: (3,) edges of a voxel in mm.
    """
    border = surface = 0.0
    for axis in range(3):
        area = float(np.prod(np.delete(spacing, axis)))
        along = np.moveaxis(mask, axis, 0)
        at_border = area * (np.count_nonzero(along[0]) + np.count_nonzero(along[-1]))
        border += at_border
        surface += at_border + area * np.count_nonzero(along[1:] != along[:-1])
    return border / surface if surface else 0.0
