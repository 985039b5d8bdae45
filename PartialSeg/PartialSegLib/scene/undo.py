"""The word that segments are about to change, for whoever keeps states to go back to."""

import vtk

SEGMENTS_ABOUT_TO_CHANGE = vtk.vtkCommand.UserEvent + 8301
"""Event of a segmentation node; Slicer's own events of it have other numbers."""


def announceChange(segmentationNode) -> None:
    """Say that segments are about to change, so that the panel's Segment Editor can undo it."""
    segmentationNode.InvokeEvent(SEGMENTS_ABOUT_TO_CHANGE)
