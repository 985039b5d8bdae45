"""Where one label is known and where it is not, in colour over the scan in the slice views."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import slicer
import slicer.util

from partialseg_trainer.labels.encode import look_up

from ..scene.geometry import arrayShape
from .preview import Preview


class Colour(NamedTuple):
    """One entry of the colour table: (red, green, blue) of 0-1; the opacity lets the scan show."""

    rgb: tuple[float, float, float]
    opacity: float


# Of Okabe and Ito's palette, which people of any colour vision tell apart.
COLOURS = {
    "yes": Colour((0.90, 0.62, 0.0), 0.6),
    "no": Colour((0.0, 0.45, 0.70), 0.35),
    "unknown": Colour((0.80, 0.47, 0.65), 0.5),
}
"""How "yes", "no" and "unknown" are shown."""

_UNFILLED = "PartialSeg.UnfilledForOverlay"

# The overlay's value for the vectors' 0 (no), 1 (yes), 2 (unknown); Slicer leaves 0 uncoloured.
_VALUES = np.array([1 + list(COLOURS).index(word) for word in ("no", "yes", "unknown")], np.uint8)


class Overlay:
    """The label layer of the slice views, for as long as it is shown.

    Its nodes are neither saved nor listed. What was shown before comes back with `remove`: other
    label layers, and the filling of the segments, which would hide the overlay.
    """

    def __init__(self, volumeNode, segmentationNode) -> None:
        self._colours = self._addColours()
        self._display = _unlisted(slicer.vtkMRMLLabelMapVolumeDisplayNode())
        self._display.SetAndObserveColorNodeID(self._colours.GetID())
        self.volumeNode = self._addLabelmap(volumeNode)
        self._before = {
            view.GetID(): view.GetLabelVolumeID()
            for view in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
        }
        _leaveUnfilled(segmentationNode)
        slicer.util.setSliceViewerLayers(background=volumeNode, label=self.volumeNode)

    def show(self, preview: Preview, name: str) -> None:
        """Colour the voxels of the scan by what is known of one label."""
        column = preview.codebook[:, preview.scheme.index(name)]
        voxels = slicer.util.arrayFromVolume(self.volumeNode)
        look_up(_VALUES[column], preview.codes, out=voxels)
        slicer.util.arrayFromVolumeModified(self.volumeNode)

    def remove(self) -> None:
        """Take the overlay out of views and scene."""
        for viewID, labelID in self._before.items():
            view = slicer.mrmlScene.GetNodeByID(viewID)
            if view is not None and view.GetLabelVolumeID() == self.volumeNode.GetID():
                view.SetLabelVolumeID(labelID)
        # In the application the display node goes with its volume.
        for node in (self.volumeNode, self._display, self._colours):
            if slicer.mrmlScene.IsNodePresent(node):
                slicer.mrmlScene.RemoveNode(node)
        removeTraces()

    def _addColours(self):
        colours = slicer.vtkMRMLColorTableNode()
        colours.SetTypeToUser()
        colours.SetNumberOfColors(1 + len(COLOURS))
        colours.SetColor(0, "outside", 0, 0, 0, 0)
        for value, (word, colour) in enumerate(COLOURS.items(), start=1):
            colours.SetColor(value, word, *colour.rgb, colour.opacity)
        return _unlisted(colours)

    def _addLabelmap(self, volumeNode):
        labelmap = slicer.vtkMRMLLabelMapVolumeNode()
        labelmap.SetName("What is known")
        labelmap.CopyOrientation(volumeNode)
        labelmap.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
        slicer.util.updateVolumeFromArray(labelmap, np.zeros(arrayShape(volumeNode), np.uint8))
        labelmap.SetAndObserveDisplayNodeID(self._display.GetID())
        return _unlisted(labelmap)


def _unlisted(node):
    """Add a node to the scene that is neither saved with it nor offered in selectors."""
    node.SetSaveWithScene(False)
    node.SetHideFromEditors(True)
    return slicer.mrmlScene.AddNode(node)


def _leaveUnfilled(segmentationNode) -> None:
    """Show the outlines of segments only, and remember it where `removeTraces` finds it."""
    for number in range(segmentationNode.GetNumberOfDisplayNodes()):
        display = segmentationNode.GetNthDisplayNode(number)
        if display.GetVisibility2DFill():
            display.SetVisibility2DFill(False)
            display.SetAttribute(_UNFILLED, "1")


def removeTraces() -> None:
    """Undo what an overlay has changed, also in a scene that was saved while it was shown.

    Slicer tells nobody beforehand that a scene will be saved.
    """
    for display in slicer.util.getNodesByClass("vtkMRMLSegmentationDisplayNode"):
        if display.GetAttribute(_UNFILLED):
            display.SetVisibility2DFill(True)
            display.RemoveAttribute(_UNFILLED)
    for view in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
        if (
            view.GetLabelVolumeID()
            and slicer.mrmlScene.GetNodeByID(view.GetLabelVolumeID()) is None
        ):
            view.SetLabelVolumeID(None)
