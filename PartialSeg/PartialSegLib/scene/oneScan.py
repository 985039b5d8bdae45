"""One scan at a time in the views: the scan itself, what was drawn on it, and nothing of others.

Slicer shows every new segmentation and box in every view, whatever scan is in there.
"""

from __future__ import annotations

from itertools import chain

import numpy as np
import slicer
import slicer.util

from .region import outlineOnly
from .segmentationNodes import SCAN_ROLE, scanOf
from .volumes import isScan, valuesInVoxel

# Views keep their place between contrasts of one head, of which the fields of view differ little.
_SAME_PLACE = 0.15


def belongTo(node, volumeNode) -> None:
    """Remember that a segmentation or a region is one of a scan, so that both are shown together.

    What belongs to a scan already goes on belonging to that.
    """
    if node.GetNodeReference(SCAN_ROLE) is None:
        node.SetNodeReferenceID(SCAN_ROLE, volumeNode.GetID())
        if node.IsA("vtkMRMLMarkupsROINode"):
            outlineOnly(node)


def regionOf(volumeNode):
    """The newest markups ROI that belongs to a scan; None if there is none."""
    regions = [node for node in _belonging() if node.IsA("vtkMRMLMarkupsROINode")]
    return next((node for node in reversed(regions) if _ownerOf(node) is volumeNode), None)


def showScan(volumeNode, segmentationNode=None, regionNode=None) -> None:
    """Show a scan in the slice views with its segmentation and region, and hide those of others.

    Of the scan's own segmentations the given one is shown alone. Nodes that this module neither
    made nor was given stay as they are, and nothing is touched again before the next call, so that
    what a user shows or hides meanwhile stays. The views are fitted where the scan is at another
    place than the one before.
    """
    before = [node for node in _backgrounds() if node is not None]
    if before != [volumeNode] * len(_views()):
        fit = not any(_samePlace(node, volumeNode) for node in before)
        slicer.util.setSliceViewerLayers(background=volumeNode, fit=fit)
    for node in _belonging():
        if node in (segmentationNode, regionNode):
            _setVisible(node, True)
        elif _ownerOf(node) is not volumeNode or segmentationNode is not None:
            _setVisible(node, False)


def scansInViews() -> list:
    """The scans that slice views show as their background, each once."""
    shown = (node for node in _backgrounds() if node is not None and isScan(node))
    return list(dict.fromkeys(shown))


def noScansInViews() -> list:
    """The volumes in the background of slice views that cannot be scans, each once.

    They have several values in a voxel, as colours, directions and series have.
    """
    shown = (node for node in _backgrounds() if node is not None)
    return list(
        dict.fromkeys(node for node in shown if not isScan(node) and valuesInVoxel(node) > 1)
    )


def _views() -> list:
    return slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")


def _backgrounds() -> list:
    scene = slicer.mrmlScene
    # A view without a volume has no ID to look for.
    return [
        scene.GetNodeByID(view.GetBackgroundVolumeID()) if view.GetBackgroundVolumeID() else None
        for view in _views()
    ]


def _belonging() -> list:
    """The nodes of the scene that belong to some scan."""
    nodes = chain.from_iterable(
        map(slicer.util.getNodesByClass, ("vtkMRMLSegmentationNode", "vtkMRMLMarkupsROINode"))
    )
    return [node for node in nodes if node.GetNodeReferenceID(SCAN_ROLE)]


def _ownerOf(node):
    """The scan that a node was made on; what a segmentation says itself comes first."""
    own = scanOf(node) if node.IsA("vtkMRMLSegmentationNode") else None
    return own or node.GetNodeReference(SCAN_ROLE)


def _setVisible(node, visible: bool) -> None:
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    if bool(node.GetDisplayVisibility()) != visible:
        node.SetDisplayVisibility(visible)


def _samePlace(volumeNode, other) -> bool:
    """Whether two volumes are about where the other is, in world RAS."""
    if other.GetImageData() is None or volumeNode.GetImageData() is None:
        return volumeNode is other
    boxes = []
    for node in (volumeNode, other):
        bounds = [0.0] * 6
        node.GetRASBounds(bounds)
        boxes.append(np.array(bounds).reshape(3, 2))
    largest = max(np.ptp(box, axis=1).max() for box in boxes)
    return bool(np.abs(boxes[0] - boxes[1]).max() <= _SAME_PLACE * largest)
