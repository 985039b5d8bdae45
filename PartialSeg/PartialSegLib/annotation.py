"""What the segments of a segmentation node say about a scan, as label sets."""

import numpy as np

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme, LabelSets, Status

from .geometry import arrayShape, kjiToRAS
from .masks import labelmapsOf, segmentMask
from .segments import findSegments
from .segmentStatus import segmentStatus


def labelStatuses(segmentationNode, scheme: LabelScheme) -> dict[str, Status]:
    """The status of every label of the scheme; a label without a segment is not annotated."""
    segmentIDs = findSegments(segmentationNode, scheme)
    return {
        name: segmentStatus(segmentationNode, segmentIDs[name])
        if name in segmentIDs
        else Status.NOT_ANNOTATED
        for name in scheme.names
    }


def labelSetsFromSegmentation(
    segmentationNode, volumeNode, scheme: LabelScheme, region: np.ndarray | None = None
) -> LabelSets:
    """Label sets on the voxel grid of a volume, in the axis order of Slicer's arrays (K, J, I).

    Segments may overlap, lie on another grid than the volume, be surfaces, and both nodes may be
    under transforms. `region` (K, J, I) is where annotation took place (see `regionFromROI`), all
    of the scan if None.

    Raises ContradictionError, with positions in world RAS, where two labels exclude each other,
    and UserError when a complete segment has no voxel on the grid, or when the volume is empty or
    under a transform that is not linear.
    """
    shape, affine = arrayShape(volumeNode), kjiToRAS(volumeNode)
    statuses = labelStatuses(segmentationNode, scheme)
    segmentIDs = findSegments(segmentationNode, scheme)
    masks = {}
    with labelmapsOf(segmentationNode, volumeNode) as labelmaps:
        for name, status in statuses.items():
            if status not in (Status.COMPLETE, Status.IN_PROGRESS):
                continue
            masks[name] = segmentMask(labelmaps, segmentIDs[name], volumeNode)
            if status is Status.COMPLETE and not masks[name].any():
                raise UserError(
                    f"Segment '{scheme[name].title}' is complete and painted, but none of it is on "
                    "a voxel of the selected scan; select the scan that it was painted on."
                )
    return LabelSets.from_masks(scheme, masks, statuses, region, shape=shape, affine=affine)
