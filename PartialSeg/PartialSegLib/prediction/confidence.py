"""How sure the model was of each voxel: a volume node that goes with the predicted segments."""

from __future__ import annotations

import numpy as np
import slicer
import slicer.util

from partialseg_trainer.errors import UserError

from ..scene.geometry import localIJKToRAS
from ..scene.subjectHierarchy import placeBeside
from ..scene.volumes import helperVolumes, markAsHelper

_ROLE = "PartialSeg.Confidence"


def confidenceOf(segmentationNode):
    """The confidence volume of a prediction, percent; None where there is none.

    One without voxels does not count: a scene can be saved without the file of this volume.
    """
    node = segmentationNode.GetNodeReference(_ROLE)
    return node if node is not None and node.GetImageData() is not None else None


def requireConfidence(segmentationNode):
    """The confidence volume of a prediction. Raises UserError when there is none."""
    node = confidenceOf(segmentationNode)
    if node is None:
        raise UserError(
            f"The segmentation '{segmentationNode.GetName()}' has no confidence map; segment the "
            "scan again: every prediction brings one."
        )
    return node


def keepConfidence(segmentationNode, volumeNode, percent: np.ndarray):
    """Keep confidence beside the segmentation that was made with it, and return its volume node.

    `percent` is (K, J, I) on the grid of the scan in `volumeNode`. The volume is referenced from
    the segmentation and follows the scan's transform; no view shows it, and it is no scan (see
    `isScan`). A second prediction into the same segmentation replaces it.
    """
    node = segmentationNode.GetNodeReference(_ROLE)
    if node is None:
        scene = volumeNode.GetScene()
        node = scene.CreateNodeByClass("vtkMRMLScalarVolumeNode")
        node.UnRegister(None)
        node.SetName(scene.GenerateUniqueName(f"{volumeNode.GetName()} confidence"))
        # Before others see the node: the first volume of a scene is taken for its scan.
        markAsHelper(node, "confidence")
        scene.AddNode(node)
        slicer.util.updateVolumeFromArray(node, percent)
        node.CreateDefaultDisplayNodes()
        node.GetDisplayNode().AutoWindowLevelOff()
        node.GetDisplayNode().SetWindowLevelMinMax(0, 100)
        segmentationNode.SetNodeReferenceID(_ROLE, node.GetID())
        placeBeside(node, volumeNode)
    else:
        slicer.util.updateVolumeFromArray(node, percent)
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(localIJKToRAS(volumeNode)))
    node.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
    return node


def removeLeftConfidences() -> None:
    """Remove confidence volumes whose segmentation is gone from the scene."""
    segmentations = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    used = {node.GetNodeReferenceID(_ROLE) for node in segmentations}
    for node in helperVolumes():
        if node.GetID() not in used:
            slicer.mrmlScene.RemoveNode(node)
