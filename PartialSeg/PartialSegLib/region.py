"""The part of a scan that was annotated, when it was not all of it."""

import numpy as np
import slicer.util

from .geometry import arrayShape, ijkToRAS


def regionFromROI(roiNode, volumeNode) -> np.ndarray:
    """Bool array (K, J, I): the voxels of a volume whose centres lie in a markups ROI.

    Boxes may be rotated, and both nodes may be under linear transforms. Raises UserError when the
    volume is under one that is not linear.
    """
    objectToWorld = slicer.util.arrayFromVTKMatrix(roiNode.GetObjectToWorldMatrix())
    ijkToObject = np.linalg.inv(objectToWorld) @ ijkToRAS(volumeNode)
    # In mm of the node a voxel's centre may miss a face of the box by rounding alone.
    half = np.array(roiNode.GetSize()) / 2 + 1e-6
    k, j, i = np.ogrid[tuple(slice(size) for size in arrayShape(volumeNode))]
    inside = np.ones(arrayShape(volumeNode), dtype=bool)
    for row, limit in zip(ijkToObject[:3], half, strict=True):
        inside &= abs(row[0] * i + row[1] * j + row[2] * k + row[3]) <= limit
    return inside
