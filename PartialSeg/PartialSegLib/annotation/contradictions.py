"""Places where the annotation of a scan contradicts itself, found by a job of the engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from partialseg_trainer.labels import LabelScheme

from ..engine.jobs import Job, JobFailed
from .annotation import annotationArrays, annotationRequest


class FoundContradiction(NamedTuple):
    """Labels that exclude each other in some voxels.

    `labels` are their names, `voxels` is the number of such voxels, `ras` the position of one of
    them, world RAS in mm, `message` says all of it in words.
    """

    labels: tuple[str, ...]
    voxels: int
    ras: tuple[float, float, float]
    message: str


def contradictionsJob(
    segmentationNode,
    volumeNode,
    scheme: LabelScheme,
    roiNode=None,
    *,
    onFinished: Callable[[list[FoundContradiction]], object],
    onProgress: Callable[[dict], object] | None = None,
    onFailed: Callable[[JobFailed], object] | None = None,
) -> Job:
    """A job that looks for contradictions on the grid of a scan; the largest come first.

    With a markups ROI only the part of the scan within it counts. The masks are taken from the
    nodes one at a time, as the job is polled.

    Raises UserError when the volume is empty or under a transform that is not linear. `onFailed`
    gets what `annotatedMasks` raises.
    """
    return Job(
        "check",
        annotationRequest(segmentationNode, volumeNode, scheme),
        annotationArrays(segmentationNode, volumeNode, scheme, roiNode),
        onProgress=onProgress,
        onFinished=lambda result, folder: onFinished(
            foundContradictions(result["contradictions"], scheme)
        ),
        onFailed=onFailed,
    )


def foundContradictions(
    entries: Iterable[Mapping[str, Any]], scheme: LabelScheme
) -> list[FoundContradiction]:
    """What a job says of contradictions, in its result or in the details of its failure."""
    return [
        FoundContradiction(
            tuple(entry["labels"]),
            entry["voxels"],
            tuple(entry["ras"]),
            _inTitles(entry["message"], entry["labels"], scheme),
        )
        for entry in entries
    ]


def _inTitles(message: str, names: Iterable[str], scheme: LabelScheme) -> str:
    """The engine's words with the titles of labels, which segments show, for their names."""
    titles = {name: scheme[name].title for name in names}
    return re.sub(rf"\b({'|'.join(titles)})\b", lambda match: titles[match[0]], message)


def contradictions(
    segmentationNode, volumeNode, scheme: LabelScheme, roiNode=None
) -> list[FoundContradiction]:
    """The same, waited for. Raises UserError when the annotation cannot be checked."""
    found: list[FoundContradiction] = []
    contradictionsJob(segmentationNode, volumeNode, scheme, roiNode, onFinished=found.extend).wait()
    return found
