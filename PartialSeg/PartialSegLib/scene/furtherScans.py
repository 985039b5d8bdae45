"""The scans of further contrasts of a head, remembered with the scan that labels are drawn on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import slicer

# Before the contrast, in the role by which a scan refers to another: kept with the scene.
_ROLE = "PartialSeg.Contrast."

REFERENCE_EVENTS = (
    slicer.vtkMRMLNode.ReferenceAddedEvent,
    slicer.vtkMRMLNode.ReferenceModifiedEvent,
    slicer.vtkMRMLNode.ReferenceRemovedEvent,
)
"""What a scan tells when its further scans are others."""


def furtherScans(volumeNode) -> dict[str, Any]:
    """The volume node of each further contrast that is known of a scan, as in {"T1w": node}."""
    found = {}
    for index in range(volumeNode.GetNumberOfNodeReferenceRoles()):
        role = volumeNode.GetNthNodeReferenceRole(index)
        node = volumeNode.GetNodeReference(role) if role.startswith(_ROLE) else None
        if node is not None:
            found[role.removeprefix(_ROLE)] = node
    return found


def rememberFurther(volumeNode, contrast: str, node) -> None:
    """Another scan shows the same head in this contrast; None for none."""
    if furtherScans(volumeNode).get(contrast) is not node:
        volumeNode.SetNodeReferenceID(_ROLE + contrast, node and node.GetID())


def loadWithFurther(
    load: Callable[..., Any], path: str | Path, further: Mapping[str, str | Path]
) -> Any:
    """Load a scan and those of its further contrasts; return its volume node, which knows them.

    `load` gets a path and whether to show the scan, and returns a volume node. Where it raises,
    nothing stays in the scene.
    """
    loaded: dict[str, Any] = {}
    try:
        for contrast, other in further.items():
            loaded[contrast] = load(Path(other), show=False)
        # The last, because it is the one that the views shall show.
        node = load(Path(path), show=True)
    except Exception:
        for each in loaded.values():
            slicer.mrmlScene.RemoveNode(each)
        raise
    for contrast, each in loaded.items():
        rememberFurther(node, contrast, each)
    return node
