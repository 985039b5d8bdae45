"""Places where the annotation of a scan contradicts itself, found by a job of the engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from partialseg_trainer.labels import LabelScheme

from ..engine.jobs import Job, JobFailed
from .scanAnnotation import Annotation


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
    annotation: Annotation,
    *,
    onFinished: Callable[[list[FoundContradiction]], object],
    onProgress: Callable[[dict], object] | None = None,
    onFailed: Callable[[JobFailed], object] | None = None,
) -> Job:
    """A job that looks for contradictions on the grid of a scan; the largest come first.

    Only the region that was annotated counts. The masks are taken from the nodes one at a time, as
    the job is polled.

    Raises UserError when the volume is empty or under a transform that is not linear. `onFailed`
    gets what `Annotation.masks` raises.
    """
    return Job(
        "check",
        annotation.request(),
        annotation.arrays(),
        onProgress=onProgress,
        onFinished=lambda result, folder: onFinished(
            foundContradictions(result["contradictions"], annotation.scheme)
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


def contradictions(annotation: Annotation) -> list[FoundContradiction]:
    """The same, waited for. Raises UserError when the annotation cannot be checked."""
    found: list[FoundContradiction] = []
    contradictionsJob(annotation, onFinished=found.extend).wait()
    return found
