"""The part of a scan that was annotated, when it was not all of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import slicer.util

from partialseg_trainer.errors import UserError

from .geometry import arrayShape, ijkToRAS


def regionFromROI(roiNode, volumeNode) -> np.ndarray:
    """Bool array (K, J, I): the voxels of a volume whose centres lie in a markups ROI.

    Boxes may be rotated, and both nodes may be under linear transforms. Raises UserError when no
    voxel lies in the box, and when the volume is under a transform that is not linear.
    """
    objectToWorld = slicer.util.arrayFromVTKMatrix(roiNode.GetObjectToWorldMatrix())
    ijkToObject = np.linalg.inv(objectToWorld) @ ijkToRAS(volumeNode)
    # In mm of the node a voxel's centre may miss a face of the box by rounding alone.
    half = np.array(roiNode.GetSize()) / 2 + 1e-6
    k, j, i = np.ogrid[tuple(slice(size) for size in arrayShape(volumeNode))]
    # A box cuts out one piece of each line of voxels along I, so the ends of the pieces say it all.
    first, last = np.zeros((k.size, j.size, 1)), np.full((k.size, j.size, 1), i.size - 1.0)
    for row, limit in zip(ijkToObject[:3], half, strict=True):
        start = row[1] * j + row[2] * k + row[3]
        if row[0] == 0:
            last[abs(start) > limit] = -1
        else:
            ends = [(-limit - start) / row[0], (limit - start) / row[0]]
            first, last = np.maximum(first, np.min(ends, 0)), np.minimum(last, np.max(ends, 0))
    if not (np.ceil(first) <= np.floor(last)).any():
        raise UserError(
            "The region of interest holds no voxel of the selected scan; place it over what was "
            "annotated, or choose none for the whole scan."
        )
    return (i >= np.ceil(first)) & (i <= np.floor(last))


def placeROI(roiNode, first: Sequence[int], last: Sequence[int], affine: np.ndarray) -> None:
    """Let a markups ROI hold the voxels between two indices (K, J, I), both included.

    `affine` (4, 4) is from these indices to world RAS in mm. The faces lie along the voxels' axes,
    so that what a person annotates between slices of the scan is a box of voxels.
    """
    axes, centre = affine[:3, :3], affine @ [*np.add(first, last) / 2, 1]
    spacing = np.linalg.norm(axes, axis=0)
    objectToWorld = np.eye(4)
    objectToWorld[:3, :3] = axes / spacing
    objectToWorld[:3, 3] = centre[:3]
    if np.linalg.det(objectToWorld) < 0:
        # A box turned round is the same box.
        objectToWorld[:3, 0] *= -1
    roiNode.SetAndObserveObjectToNodeMatrix(slicer.util.vtkMatrixFromArray(objectToWorld))
    roiNode.SetSize(*(spacing * (np.subtract(last, first) + 1)))
    outlineOnly(roiNode)


def outlineOnly(roiNode) -> None:
    """Show a box by its edges: Slicer fills it, which tints the scan in it."""
    if roiNode.GetDisplayNode() is None:
        roiNode.CreateDefaultDisplayNodes()
    roiNode.GetDisplayNode().SetFillVisibility(False)
