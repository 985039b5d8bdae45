"""The slice whose drawing would help most: where the completion is least sure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..inference import Segmentation
from ..volumes import bounds
from ..volumes.preprocessing import AXES, Axis

# Of the largest slice along an axis: what hardly touches the brain is a matter of chance.
_SMALLEST_SHARE = 0.25


@dataclass(frozen=True)
class SliceToDraw:
    """A slice of the scan's own voxels, `index` along the voxel axis nearest to the direction that
    `kind` cuts; `mm` is where along that direction of RAS its middle lies, `doubt` the mean of 1 -
    confidence in it, 0 to 1.
    """

    kind: Axis
    index: int
    mm: float
    doubt: float


def draw_next(segmentation: Segmentation) -> SliceToDraw | None:
    """The slice of highest mean doubt within S over what was found; None where nothing was.

    Slices that were drawn are known, so that one between two of them is proposed only where these
    do not tell what it shows. Raises ValueError when the confidence map was not asked for.
    """
    if segmentation.confidence is None:
        raise ValueError("the segmentation was made without its confidence map")
    found = np.asarray(segmentation.labelmap.dataobj) != 0
    if not found.any():
        return None
    box = bounds(found)
    inside = found[box]
    doubt = np.where(inside, 1 - np.asarray(segmentation.confidence.dataobj)[box], 0)
    affine = segmentation.labelmap.affine
    # However oblique, no voxel axis stands for two directions.
    axes = np.abs(affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0))
    best = None
    for direction, kind in enumerate(AXES):
        axis = int(axes[direction].argmax())
        others = tuple(other for other in range(3) if other != axis)
        area = inside.sum(others)
        mean = doubt.sum(others, dtype=np.float64) / np.maximum(area, 1)
        mean[area < _SMALLEST_SHARE * area.max()] = -1
        place = int(mean.argmax())
        if best is None or mean[place] > best.doubt:
            middle = [(part.start + part.stop - 1) / 2 for part in box]
            middle[axis] = index = box[axis].start + place
            mm = float(affine[direction, :3] @ middle + affine[direction, 3])
            best = SliceToDraw(kind, index, round(mm, 1), float(mean[place]))
    return best
