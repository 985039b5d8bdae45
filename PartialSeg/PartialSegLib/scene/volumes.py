"""Volume nodes: which are scans, the voxels of a scan, and a node for a volume of the engine."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import slicer.util

from partialseg_trainer.errors import UserError

from .geometry import arrayShape, swapAxes

if TYPE_CHECKING:
    from partialseg_trainer.volumes import Volume

# Not Slicer's own flag for hidden nodes: its Save dialog leaves those out.
_HELPER = "PartialSeg.Helper"


def scanArray(volumeNode) -> np.ndarray:
    """The voxels of a scan, (K, J, I); the node's own array, not a copy.

    Raises UserError for a volume without voxels, and for a colour or vector volume.
    """
    arrayShape(volumeNode)
    components = valuesInVoxel(volumeNode)
    if not volumeNode.IsA("vtkMRMLScalarVolumeNode") or components != 1:
        raise UserError(
            f"The volume has {components} values in a voxel, but a scan has one; select a "
            "scalar volume."
        )
    return slicer.util.arrayFromVolume(volumeNode)


def addVolumeNode(volume: Volume, name: str):
    """Add a volume node with the voxels of `volume` to the scene and return it."""
    return slicer.util.addVolumeFromArray(swapAxes(volume.data), volume.affine, name)


def markAsHelper(node, what: str) -> None:
    """Say that a volume is no scan, but made by this module for itself; `what` it is."""
    node.SetAttribute(_HELPER, what)


def isScan(node) -> bool:
    """Whether a node is a scan that may be chosen: no labelmap, no confidence, nothing hidden."""
    return (
        # Labelmaps are scalar volumes too.
        node.GetClassName() == "vtkMRMLScalarVolumeNode"
        and not node.GetHideFromEditors()
        and node.GetAttribute(_HELPER) is None
    )


def valuesInVoxel(node) -> int:
    """How many values a volume has in each voxel, 1 for a scan; a colour or a direction has 3."""
    image = node.GetImageData()
    return image.GetNumberOfScalarComponents() if image is not None else 1


def helperVolumes() -> list:
    """Volume nodes of the scene that this module made for itself, which selectors leave out."""
    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return [node for node in volumes if node.GetAttribute(_HELPER) is not None]


def volumesInFile(volumeNode) -> int:
    """How many volumes the NIfTI file of a scan holds, 1 where that cannot be told.

    Of a file with several, such as a diffusion series, Slicer loads the first without a word. The
    header is read here, because it has to be before packages are installed.
    """
    storage = volumeNode.GetStorageNode()
    path = Path((storage.GetFileName() if storage is not None else None) or "")
    if not path.name.endswith((".nii", ".nii.gz")):
        return 1
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
            dimensions = _dimensions(file.read(348))
    except (OSError, EOFError, struct.error):
        return 1
    return max(dimensions[4], 1) if dimensions[0] >= 4 else 1


def _dimensions(header: bytes) -> tuple[int, ...]:
    """The field `dim` of a NIfTI header; its first number tells version and order of bytes."""
    for order in "<>":
        (size,) = struct.unpack_from(f"{order}i", header)
        if size == 348:
            return struct.unpack_from(f"{order}8h", header, 40)
        if size == 540:
            return struct.unpack_from(f"{order}8q", header, 16)
    return (0,) * 8
