"""What the Segment Editor may change while a label is picked: its mask, and overlap."""

from __future__ import annotations

from typing import NamedTuple

import slicer

from ..scene.labelSegments import LabelSegments

_SINGLETON_TAG = "PartialSeg"


class EditSettings(NamedTuple):
    """Settings of a segment editor node, under their names in Slicer."""

    maskMode: int
    maskSegmentID: str
    overwriteMode: int


def segmentEditorNode(scene):
    """The segment editor node of this module in a scene; made if there is none yet."""
    node = scene.GetSingletonNode(_SINGLETON_TAG, "vtkMRMLSegmentEditorNode")
    if node is None:
        node = slicer.vtkMRMLSegmentEditorNode()
        node.SetSingletonTag(_SINGLETON_TAG)
        node = scene.AddNode(node)
    return node


def editSettings(segments: LabelSegments, segmentID: str) -> EditSettings:
    """Where a segment may be painted, without harm to the other segments.

    A label is painted inside the nearest super-label of it that has voxels, and everywhere if none
    has. Segments may always overlap, or a part would eat its super-label.
    """
    picked = segments.labelOf(segmentID)
    above = segments.scheme.ancestors(picked) if picked else ()
    mask = next((segments.ids[name] for name in above if segments.isPainted(name)), "")
    return EditSettings(
        maskMode=slicer.vtkMRMLSegmentationNode.EditAllowedInsideSingleSegment
        if mask
        else slicer.vtkMRMLSegmentationNode.EditAllowedEverywhere,
        maskSegmentID=mask,
        overwriteMode=slicer.vtkMRMLSegmentEditorNode.OverwriteNone,
    )


def applyEditSettings(editorNode, settings: EditSettings) -> None:
    """Write the settings into a segment editor node.

    The segment first: asked to mask by a segment that it does not know yet, Slicer's widget puts
    the mode back to "everywhere".
    """
    if settings.maskSegmentID:
        editorNode.SetMaskSegmentID(settings.maskSegmentID)
    editorNode.SetMaskMode(settings.maskMode)
    editorNode.SetOverwriteMode(settings.overwriteMode)
