"""What the segments of a segmentation node say about a scan: masks, statuses, and label sets."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import slicer

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme, LabelSets, Status

from ..scene.geometry import arrayShape, kjiToRAS
from ..scene.masks import labelmapsOf, segmentMask
from ..scene.region import regionFromROI
from ..scene.segments import findSegments
from ..scene.segmentStatus import segmentStatus


def labelStatuses(segmentationNode, scheme: LabelScheme) -> dict[str, Status]:
    """The status of every label of the scheme; a label without a segment is not annotated."""
    segmentIDs = findSegments(segmentationNode, scheme)
    return {
        name: segmentStatus(segmentationNode, segmentIDs[name])
        if name in segmentIDs
        else Status.NOT_ANNOTATED
        for name in scheme.names
    }


def isAnnotated(segmentationNode, scheme: LabelScheme) -> bool:
    """Whether a segment of the scheme is in progress, complete or absent; no voxel is looked at."""
    logic, segmentation = (
        slicer.vtkSlicerSegmentationsModuleLogic,
        segmentationNode.GetSegmentation(),
    )
    return any(
        logic.GetSegmentStatus(segmentation.GetSegment(segmentID))
        in (logic.InProgress, logic.Completed)
        for segmentID in findSegments(segmentationNode, scheme).values()
    )


def annotatedMasks(
    segmentationNode, volumeNode, scheme: LabelScheme
) -> Iterator[tuple[str, np.ndarray]]:
    """Each label that is complete or in progress, and its mask: bool (K, J, I) on the scan's grid.

    A mask is made when it is asked for; which ones there are is settled at the call.

    Raises UserError when a complete segment has no voxel on the grid, when a segment is removed
    meanwhile, or when the volume is empty or under a transform that is not linear.
    """
    segmentIDs = findSegments(segmentationNode, scheme)
    statuses = {
        name: status
        for name, status in labelStatuses(segmentationNode, scheme).items()
        if status in (Status.COMPLETE, Status.IN_PROGRESS)
    }

    def masks() -> Iterator[tuple[str, np.ndarray]]:
        with labelmapsOf(segmentationNode, volumeNode) as labelmaps:
            for name, status in statuses.items():
                if labelmaps.GetSegmentation().GetSegment(segmentIDs[name]) is None:
                    raise UserError(
                        f"Segment '{scheme[name].title}' was removed while the annotation was "
                        "read; try again."
                    )
                mask = segmentMask(labelmaps, segmentIDs[name], volumeNode)
                if status is Status.COMPLETE and not mask.any():
                    raise UserError(
                        f"Segment '{scheme[name].title}' is complete and painted, but none of it "
                        "is on a voxel of the selected scan; select the scan that it was painted "
                        "on."
                    )
                yield name, mask

    return masks()


def annotationRequest(segmentationNode, volumeNode, scheme: LabelScheme) -> dict[str, Any]:
    """What the jobs "check" and "export" have to know beside the arrays of `annotationArrays`.

    The keys are `scheme`, `status` by label, `affine` (from indices (K, J, I) to world RAS in mm)
    and `shape` (K, J, I). Raises UserError when the volume is empty or under a transform that is
    not linear.
    """
    statuses = labelStatuses(segmentationNode, scheme)
    return {
        "scheme": scheme.to_dict(),
        "status": {name: status.value for name, status in statuses.items()},
        "affine": kjiToRAS(volumeNode).tolist(),
        "shape": list(arrayShape(volumeNode)),
    }


def annotationArrays(
    segmentationNode, volumeNode, scheme: LabelScheme, roiNode=None
) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays (K, J, I) of the jobs "check" and "export", one at a time: each takes a moment.

    They are `masks/<label>` of `annotatedMasks`, with its errors, and `region` where a markups ROI
    says that no more than a part of the scan was annotated.
    """
    masks = annotatedMasks(segmentationNode, volumeNode, scheme)

    def arrays() -> Iterator[tuple[str, np.ndarray]]:
        for name, mask in masks:
            yield f"masks/{name}", mask
        if roiNode is not None:
            yield "region", regionFromROI(roiNode, volumeNode)

    return arrays()


def labelSetsFromSegmentation(
    segmentationNode, volumeNode, scheme: LabelScheme, region: np.ndarray | None = None
) -> LabelSets:
    """Label sets on the voxel grid of a volume, in the axis order of Slicer's arrays (K, J, I).

    Segments may overlap, lie on another grid than the volume, be surfaces, and both nodes may be
    under transforms. `region` (K, J, I) is where annotation took place (see `regionFromROI`), all
    of the scan if None.

    Raises ContradictionError, with positions in world RAS, where two labels exclude each other,
    and UserError as `annotatedMasks` does.
    """
    return LabelSets.from_masks(
        scheme,
        dict(annotatedMasks(segmentationNode, volumeNode, scheme)),
        labelStatuses(segmentationNode, scheme),
        region,
        shape=arrayShape(volumeNode),
        affine=kjiToRAS(volumeNode),
    )
