"""Loading the engine's result into a segmentation node, without touching what a person has drawn.

Segments filled from a prediction are flagged, not "in progress": their voxels must not become
training targets before someone has looked at them. "Not started" would not hold that up, because
the Segment Editor turns it into "in progress" at the first stroke of a correction.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import slicer
import slicer.util

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme, Status

from .geometry import arrayShape, ijkToRAS, swapAxes, transformToWorld
from .labelmapLayers import importLayer, labelLayers
from .segments import createSegments
from .segmentStatus import hasVoxels, holdBack, segmentStatus

if TYPE_CHECKING:
    import nibabel

    from partialseg_trainer.volumes import Volume


class LoadedPrediction(NamedTuple):
    """Where a prediction went: the node, the labels filled from it, and those kept as they were."""

    segmentationNode: slicer.vtkMRMLSegmentationNode
    filled: tuple[str, ...]
    kept: tuple[str, ...]


def loadPrediction(
    labelmap: str | os.PathLike | nibabel.Nifti1Image | Volume,
    scheme: LabelScheme,
    volumeNode,
    segmentationNode=None,
    replaceInProgress: bool = False,
) -> LoadedPrediction:
    """Put a predicted labelmap of a scan into a new segmentation node, or fill up an existing one.

    Super-labels are the union of their parts. In an existing node complete and absent segments stay
    as they are, and so do painted ones in progress unless `replaceInProgress` is true. All filled
    segments are flagged for review.

    Raises UserError, with nothing changed, when the labelmap cannot be read, lies on another grid
    than the scan, or has values outside the scheme; and when the existing node is kept as surfaces.
    """
    voxels = _predictedVoxels(labelmap, scheme, volumeNode)
    if segmentationNode is None:
        segmentationNode = _addSegmentationNode(volumeNode)
    elif not _hasLabelmapSource(segmentationNode):
        raise UserError(
            "The segmentation is kept as surfaces, where labelmaps were expected; make the binary "
            "labelmap its source representation in the Segmentations module, or load the "
            "prediction into a new segmentation."
        )
    # Asked before anything changes: it refuses a segmentation under a transform that bends space.
    ijkToSegmentation = np.linalg.inv(transformToWorld(segmentationNode)) @ ijkToRAS(volumeNode)
    wasModifying = segmentationNode.StartModify()
    try:
        if not segmentationNode.GetNodeReference(_referenceRole()):
            segmentationNode.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)
        segmentIDs = createSegments(segmentationNode, scheme)
        kept = tuple(
            name
            for name in scheme.names
            if _isAnnotated(segmentationNode, segmentIDs[name], replaceInProgress)
        )
        filled = tuple(name for name in scheme.names if name not in kept)
        for layer in labelLayers(scheme, filled):
            importLayer(segmentationNode, segmentIDs, scheme, layer, voxels, ijkToSegmentation)
        for name in filled:
            holdBack(segmentationNode, segmentIDs[name])
    finally:
        segmentationNode.EndModify(wasModifying)
    return LoadedPrediction(segmentationNode, filled, kept)


def _predictedVoxels(labelmap, scheme: LabelScheme, volumeNode) -> np.ndarray:
    """The labelmap's values as (K, J, I), after a check that they are this scan's and scheme's."""
    # Here, so that the module opens before its packages are installed.
    from partialseg_trainer.volumes import Grid, read_labelmap

    prediction = read_labelmap(labelmap)
    scan = Grid(tuple(reversed(arrayShape(volumeNode))), ijkToRAS(volumeNode))
    difference = prediction.grid.mismatch(scan)
    if difference:
        raise UserError(
            f"The prediction does not lie on the grid of the selected scan: its {difference}; "
            "select the scan that was segmented."
        )
    voxels = swapAxes(prediction.data)
    present = np.flatnonzero(np.bincount(voxels.ravel()))
    strange = sorted(set(present.tolist()) - {0, *(label.value for label in scheme)})
    if strange:
        raise UserError(
            f"The prediction holds the values {', '.join(map(str, strange))}, which scheme "
            f"'{scheme.name}' does not have; load it with the scheme of its model."
        )
    return voxels


def _addSegmentationNode(volumeNode):
    """A new segmentation node for a scan, in the scan's coordinate system."""
    node = volumeNode.GetScene().AddNewNodeByClass(
        "vtkMRMLSegmentationNode", f"{volumeNode.GetName()} segmentation"
    )
    node.CreateDefaultDisplayNodes()
    node.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
    return node


def _referenceRole() -> str:
    return slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()


def _hasLabelmapSource(segmentationNode) -> bool:
    return (
        segmentationNode.GetSegmentation().GetSourceRepresentationName()
        == slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
    )


def _isAnnotated(segmentationNode, segmentID: str, replaceInProgress: bool) -> bool:
    status = segmentStatus(segmentationNode, segmentID)
    if status is Status.IN_PROGRESS:
        return not replaceInProgress and hasVoxels(segmentationNode, segmentID)
    return status in (Status.COMPLETE, Status.ABSENT)
