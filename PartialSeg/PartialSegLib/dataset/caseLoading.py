"""A case of a dataset back in the scene, scan and annotation, to be corrected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import slicer
import slicer.util

from partialseg_trainer.errors import UserError
from partialseg_trainer.jobs import JobFolder
from partialseg_trainer.labels import LabelScheme, Status

from ..engine.jobs import Job, JobFailed
from ..engine.steps import Steps
from ..prediction.results import preparedPrediction
from ..scene.furtherScans import furtherScans, loadWithFurther
from ..scene.geometry import arrayShape, kjiToRAS
from ..scene.labelDisplay import showParts
from ..scene.labelSegments import LabelSegments
from ..scene.oneScan import belongTo, showScan
from ..scene.region import placeROI
from ..scene.scanMemory import rememberAge

# What NIfTI's single precision loses of a position, mm.
_TOLERANCE = 0.05


class LoadedCase(NamedTuple):
    """The nodes of a case.

    `regionNode` is a markups ROI around the part of the scan that was annotated, None if that was
    all of it or no box. Then `weakened` names the labels that were complete or absent in that part:
    they are in progress or not annotated here, because elsewhere they would say what is not known.
    The volume nodes of further contrasts are known to `volumeNode` (see scene.furtherScans).
    """

    volumeNode: slicer.vtkMRMLScalarVolumeNode
    segmentationNode: slicer.vtkMRMLSegmentationNode
    scheme: LabelScheme
    regionNode: slicer.vtkMRMLMarkupsROINode | None
    weakened: tuple[str, ...]


def loadCaseJob(
    dataset: str | Path,
    subject: str,
    session: str | None = None,
    *,
    onFinished: Callable[[LoadedCase], object],
    onProgress: Callable[[dict[str, Any]], object] | None = None,
    onFailed: Callable[[JobFailed], object] | None = None,
) -> Job:
    """A job that reads a case and adds a volume and a segmentation node to the scene.

    Painted is what is known to be a label; labels that were not annotated stay empty. `onFailed`
    is told when there is no such case, or a file of it cannot be used.
    """
    return Job(
        "case",
        {"dataset": str(dataset), "subject": subject, "session": session},
        load=_addNodes,
        onProgress=onProgress,
        onFinished=onFinished,
        onFailed=onFailed,
    )


def loadCase(dataset: str | Path, subject: str, session: str | None = None) -> LoadedCase:
    """Bring a case of a dataset back into the scene, scan and annotation, as `loadCaseJob` does.

    Raises UserError when there is no such case, or a file of it cannot be used.
    """
    loaded: list[LoadedCase] = []
    loadCaseJob(dataset, subject, session, onFinished=loaded.append).wait()
    return loaded[0]


def _addNodes(result: dict[str, Any], folder: JobFolder) -> Steps[LoadedCase]:
    named = bool(result["further"])
    volumeNode = loadWithFurther(
        lambda path, show: _loadScan(path, named), result["image"], result["further"]
    )
    if result["weeks"] is not None:
        rememberAge(volumeNode, result["weeks"])
    added = [volumeNode, *furtherScans(volumeNode).values()]
    try:
        yield
        loaded = yield from _annotate(added, result, folder)
        yield
        if any(node.GetScene() is None for node in added):
            raise UserError(
                "The scan or its annotation was removed while the case was loaded; load it again."
            )
    except (UserError, GeneratorExit):
        # There is no case without its annotation, also where somebody gives it up.
        for node in added:
            if node.GetScene() is not None:
                slicer.mrmlScene.RemoveNode(node)
        raise
    showScan(*loaded[:2], loaded.regionNode)
    return loaded


def _annotate(added: list[Any], result: dict[str, Any], folder: JobFolder) -> Steps[LoadedCase]:
    """Add to the scan, the first of `added`, what was annotated, and to `added` its nodes."""
    volumeNode, scheme = added[0], LabelScheme.from_dict(result["scheme"])
    affine = np.array(result["affine"])
    labelmap = _asSlicerReads(folder.array("labelmap"), affine, volumeNode)
    put = yield from preparedPrediction(labelmap, scheme, volumeNode)
    if volumeNode.GetScene() is None:
        raise UserError("The scan was removed while its case was loaded; load the case again.")
    segmentationNode = put().segmentationNode
    added.append(segmentationNode)
    regionNode, weakened = None, tuple(result["partly_known"])
    if result["region"] is not None:
        name = f"{volumeNode.GetName()} region"
        regionNode = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", name)
        added.append(regionNode)
        placeROI(regionNode, *result["region"], affine)
        belongTo(regionNode, volumeNode)
        weakened = ()
    segments = LabelSegments(segmentationNode, scheme)
    for name, word in result["status"].items():
        status = Status(word)
        if name in weakened:
            status = Status.IN_PROGRESS if status is Status.COMPLETE else Status.NOT_ANNOTATED
        _setStatus(segments, name, status)
    # Labels that are known only from others were cleared.
    showParts(segments)
    return LoadedCase(volumeNode, segmentationNode, scheme, regionNode, weakened)


def _loadScan(path: Path, contrast: bool):
    """The volume node of an image, called by its case and, where that is asked for, `contrast`."""
    name = path.name.removesuffix(".nii.gz")
    name = name if contrast else name.rpartition("_")[0]
    try:
        # It is shown with its annotation, and not before.
        return slicer.util.loadVolume(str(path), {"name": name, "singleFile": True, "show": False})
    except RuntimeError as error:
        raise UserError(f"Slicer could not read {path} ({error}); see its log.") from error


def _asSlicerReads(labelmap: np.ndarray, affine: np.ndarray, volumeNode) -> np.ndarray:
    """A labelmap (K, J, I) of a file in the voxel order that Slicer gives the same grid.

    Slicer turns an axis of a left-handed grid round, so that it becomes right-handed. Raises
    UserError when the voxels still lie elsewhere: Slicer makes a sheared grid straight.
    """
    read = kjiToRAS(volumeNode)
    turn = np.eye(4)
    for axis in np.flatnonzero(np.diag(np.linalg.inv(affine) @ read)[:3] < 0):
        turn[axis, [axis, 3]] = -1, labelmap.shape[axis] - 1
        labelmap = np.flip(labelmap, axis)
    corners = np.array([[*corner, 1] for corner in np.ndindex(2, 2, 2)]) * [*labelmap.shape, 1]
    distances = np.linalg.norm((corners @ (affine @ turn - read).T)[:, :3], axis=1)
    if arrayShape(volumeNode) != labelmap.shape or distances.max() > _TOLERANCE:
        raise UserError(
            f"Slicer places the voxels of {volumeNode.GetName()} up to {distances.max():.3g} mm "
            "away from where the trainer has them, so the annotation would not lie on the scan; "
            "correct it in the scene that it was exported from."
        )
    return labelmap


def _setStatus(segments: LabelSegments, name: str, status: Status) -> None:
    if status is Status.NOT_ANNOTATED:
        # What other labels imply of it was not painted by anyone.
        segments.clear(name)
    elif status is Status.COMPLETE and not segments.isPainted(name):
        # Imported scans may be complete without a voxel of a structure.
        status = Status.ABSENT
    segments.setStatus(name, status)
