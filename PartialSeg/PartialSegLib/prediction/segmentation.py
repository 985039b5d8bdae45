"""Segment neonate: from a scan to segments, through a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
import slicer

from partialseg_trainer.errors import UserError
from partialseg_trainer.jobs import JobFolder
from partialseg_trainer.labels import LabelScheme, Status

from ..engine.jobs import Job, JobFailed
from ..engine.models import readModel
from ..engine.steps import Steps
from ..scene.furtherImages import furtherImages
from ..scene.geometry import kjiToRAS
from ..scene.labelSegments import LabelSegments
from ..scene.volumes import scanArray
from .confidence import keepConfidence
from .results import LoadedPrediction, preparedPrediction, requireFillable


class Segmented(NamedTuple):
    """A scan's prediction in the scene, and what the engine says about it.

    `loaded` tells where the segments are and which were filled; `confidenceNode` how sure the model
    was of each voxel, percent. `volumes` are in mL by label, `confidences` mean percent by label,
    None where a label was not found. `warnings` tell what about the result cannot be true;
    `reason` why a completion has not learned from what was drawn, empty where it has; `drawNext`
    is the slice to draw next: its `kind`, as in "axial", and `mm` along the axis of RAS.
    """

    loaded: LoadedPrediction
    confidenceNode: Any
    scheme: LabelScheme
    device: str
    seconds: float
    volumes: Mapping[str, float]
    confidences: Mapping[str, float | None]
    warnings: tuple[str, ...]
    reason: str = ""
    drawNext: Mapping[str, Any] | None = None


def segmentJob(
    volumeNode,
    model: str = "",
    device: str = "auto",
    segmentationNode=None,
    *,
    further: Mapping[str, Any] | None = None,
    onProgress: Callable[[dict[str, Any]], object] | None = None,
    onFinished: Callable[[Segmented], object] | None = None,
    onFailed: Callable[[JobFailed], object] | None = None,
) -> Job:
    """A job that segments a scan and puts the result into the scene.

    `model` is a model's folder, empty for the default one; `device` "auto", "cpu", "cuda:0", ...
    The prediction goes into a new segmentation, or fills what is not complete, absent or painted in
    progress in `segmentationNode`. A model of several contrasts needs `further` volume nodes by
    their contrasts, as in {"T1w": node}; `volumeNode` is the first. Callbacks as in Job.

    Raises UserError for a volume that is no scan, a model that cannot be used, and a segmentation
    that cannot be filled. The job fails, with nothing changed, when the scan or the segmentation is
    removed, or the scan moved, before it is over.
    """
    array, affine = scanArray(volumeNode), kjiToRAS(volumeNode)
    affines, images = furtherImages(further or {})
    fills = segmentationNode is not None
    if fills:
        requireFillable(LabelSegments(segmentationNode, readModel(model).scheme))

    def load(result: dict[str, Any], folder: JobFolder) -> Steps[Segmented]:
        return loadSegmented(result, folder, volumeNode, affine, segmentationNode)

    request = {"model": model, "device": device, "affine": affine.tolist()}
    if affines:
        request["further"] = affines
    return Job(
        "segment",
        request,
        [("image", array), *images],
        load=load,
        onProgress=onProgress,
        onFinished=onFinished,
        onFailed=onFailed,
    )


def segment(
    volumeNode,
    model: str = "",
    device: str = "auto",
    segmentationNode=None,
    further: Mapping[str, Any] | None = None,
) -> Segmented:
    """The same as `segmentJob`, waiting until it is over; for scripts.

    Raises UserError when it fails.
    """
    results: list[Segmented] = []
    segmentJob(
        volumeNode, model, device, segmentationNode, further=further, onFinished=results.append
    ).wait()
    return results[0]


def loadSegmented(
    result: dict[str, Any],
    folder: JobFolder,
    volumeNode,
    affine: np.ndarray,
    segmentationNode,
    *,
    completes: Collection[Status] = (),
) -> Steps[Segmented]:
    """Put what a job found into the scene, near the end of these steps; see `preparedPrediction`.

    `affine` is where the scan was when the job began. Raises UserError when scan or segmentation
    was removed meanwhile, or the scan moved.
    """
    _requireUnchanged(volumeNode, affine, segmentationNode)
    scheme = LabelScheme.from_dict(result["scheme"])
    put = yield from preparedPrediction(
        folder.array("labelmap"), scheme, volumeNode, segmentationNode, completes=completes
    )
    _requireUnchanged(volumeNode, affine, segmentationNode)
    loaded = put()
    confidenceNode = keepConfidence(loaded.segmentationNode, volumeNode, folder.array("confidence"))
    if segmentationNode is None:
        try:
            # Showing it is a step of its own, where it can be taken back in between.
            yield
        except GeneratorExit:
            for node in (loaded.segmentationNode, confidenceNode):
                if node.GetScene() is not None:
                    slicer.mrmlScene.RemoveNode(node)
            raise
        _requireUnchanged(volumeNode, affine, loaded.segmentationNode)
    return Segmented(
        loaded,
        confidenceNode,
        scheme,
        result["device"],
        result["seconds"],
        result["volumes_ml"],
        result["confidence"],
        tuple(result["warnings"]),
        result.get("reason", ""),
        result.get("draw_next"),
    )


def _requireUnchanged(volumeNode, affine: np.ndarray, segmentationNode=None) -> None:
    _requirePresent(volumeNode, "scan")
    if segmentationNode is not None:
        _requirePresent(segmentationNode, "segmentation")
    if not np.allclose(kjiToRAS(volumeNode), affine):
        raise UserError(
            "The scan was moved while it was segmented, so nothing was loaded; segment it again "
            "where it is now."
        )


def _requirePresent(node, what: str) -> None:
    if node.GetScene() is None:
        raise UserError(
            f"The {what} was removed while the scan was segmented, so nothing was loaded; choose "
            "another one and segment again."
        )
