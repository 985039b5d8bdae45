"""Complete my annotation: the rest of a scan follows from what was drawn on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from partialseg_trainer.errors import UserError
from partialseg_trainer.jobs import JobFolder
from partialseg_trainer.labels import LabelScheme, Status

from ..annotation.scanAnnotation import Annotation
from ..engine.jobs import Job, JobFailed
from ..engine.models import readModel
from ..engine.steps import Steps
from ..scene.furtherImages import furtherImages
from ..scene.geometry import kjiToRAS
from ..scene.labelSegments import LabelSegments
from ..scene.volumes import scanArray
from .results import requireFillable
from .segmentation import Segmented, loadSegmented


def whyNotComplete(segmentationNode, scheme: LabelScheme) -> str:
    """Why a segmentation cannot be completed in a scheme, in a sentence; empty if it can.

    No voxel is looked at.
    """
    if segmentationNode is None:
        return "There is no segmentation to complete; choose one in the section Labels."
    try:
        segments = LabelSegments(segmentationNode, scheme)
        requireFillable(segments)
    except UserError as error:
        return str(error)
    if not segments.annotated():
        return (
            "Nothing is drawn yet: no label is in progress, complete or absent; set the status of "
            "what you drew in the section Labels."
        )
    return ""


def whyNotLearn(segmentationNode, scheme: LabelScheme) -> str:
    """Why a model cannot learn from what was drawn, in a sentence; empty where it may.

    No voxel is looked at: whether enough was drawn is known when the scan is completed.
    """
    status = LabelSegments(segmentationNode, scheme).statuses()
    drawn = [
        label.name
        for label in scheme
        if not label.children and status[label.name] in (Status.COMPLETE, Status.IN_PROGRESS)
    ]
    if len(drawn) > 1:
        return ""
    if not drawn:
        return "No single structure is drawn, so there is nothing to learn; draw all of a slice."
    return (
        f"Only '{scheme[drawn[0]].title}' is drawn, which would teach that it is everywhere; draw "
        "what lies beside it too."
    )


def completeJob(
    segmentationNode,
    volumeNode,
    model: str = "",
    device: str = "auto",
    *,
    learn: bool = True,
    roiNode=None,
    further: Mapping[str, Any] | None = None,
    onProgress: Callable[[dict[str, Any]], object] | None = None,
    onFinished: Callable[[Segmented], object] | None = None,
    onFailed: Callable[[JobFailed], object] | None = None,
) -> Job:
    """A job that completes what was drawn on a scan, in the same segmentation.

    What is complete, absent or in progress stays voxel for voxel, and keeps its status. Labels that
    were not annotated are filled, labels in progress get a segment beside them with what was found;
    all of that is flagged for review. With `learn` a copy of the model first learns from what was
    drawn, where that is enough; `onFinished` gets the reason if it was not. A markups ROI says that
    only a part of the scan was annotated; labels that are complete in it are completed too.
    `further` as in `segmentJob`.

    Raises UserError for a volume that is no scan, a model that cannot be used, and what
    `whyNotComplete` says. The job fails, with nothing changed, where labels contradict each other
    (its details have `contradictions`), and as `segmentJob` does.
    """
    voxels, affine = scanArray(volumeNode), kjiToRAS(volumeNode)
    scheme = readModel(model).scheme
    reason = whyNotComplete(segmentationNode, scheme)
    if reason:
        raise UserError(reason)
    annotation = Annotation.of(segmentationNode, volumeNode, scheme, roiNode)
    affines, images = furtherImages(further or {})
    request = {
        **annotation.request(),
        "model": model,
        "device": device,
        "learn": learn,
        **({"further": affines} if affines else {}),
    }
    masks = annotation.arrays()

    # In a part of the scan, what is complete is so there alone.
    unfinished = [Status.IN_PROGRESS, *([] if roiNode is None else [Status.COMPLETE])]

    def arrays():
        yield from masks
        yield "image", voxels
        yield from images

    def load(result: dict[str, Any], folder: JobFolder) -> Steps[Segmented]:
        return loadSegmented(
            result, folder, volumeNode, affine, segmentationNode, completes=unfinished
        )

    return Job(
        "complete",
        request,
        arrays(),
        load=load,
        onProgress=onProgress,
        onFinished=onFinished,
        onFailed=onFailed,
    )


def complete(segmentationNode, volumeNode, model: str = "", device: str = "auto", **options):
    """The same as `completeJob`, with its options, waited for; returns what came out.

    Raises UserError when it fails.
    """
    results: list[Segmented] = []
    job = completeJob(
        segmentationNode, volumeNode, model, device, onFinished=results.append, **options
    )
    job.wait()
    return results[0]
