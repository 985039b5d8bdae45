"""What the trainer would see of an annotation: for each label and voxel yes, no or unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from partialseg_trainer.jobs import JobFolder
from partialseg_trainer.labels import LabelScheme

from ..engine.jobs import Job, JobFailed
from ..engine.steps import Steps
from .scanAnnotation import Annotation


@dataclass(frozen=True)
class Preview:
    """The 0/1/2 vectors of a scan's voxels.

    `codes` (K, J, I) are rows of `codebook`, whose columns are the labels of `scheme`; `counts` has
    for each label the number of voxels under "no", "yes" and "unknown".
    """

    scheme: LabelScheme
    codes: np.ndarray
    codebook: np.ndarray
    counts: dict[str, dict[str, int]]

    def share(self, name: str, word: str) -> float:
        """The part of the scan, 0 to 1, where a label is "no", "yes" or "unknown"."""
        return self.counts[name][word] / self.codes.size


def previewJob(
    annotation: Annotation,
    *,
    onFinished: Callable[[Preview], object],
    onProgress: Callable[[dict[str, Any]], object] | None = None,
    onFailed: Callable[[JobFailed], object] | None = None,
) -> Job:
    """A job that tells what an export would write, without packages that Slicer lacks.

    Raises UserError when the volume is empty or under a transform that is not linear. All else that
    is wrong goes to `onFailed`, with `contradictions` where labels exclude each other.
    """

    def load(result: dict[str, Any], folder: JobFolder) -> Steps[Preview]:
        if result["contradictions"]:
            words = "; ".join(entry["message"] for entry in result["contradictions"])
            raise JobFailed(f"The annotation contradicts itself: {words}.", result)
        # The files are gone when the job is over.
        codes, codebook = (np.array(folder.array(name)) for name in ("codes", "codebook"))
        yield
        return Preview(annotation.scheme, codes, codebook, result["voxels"])

    return Job(
        "check",
        annotation.request(),
        annotation.arrays(),
        load=load,
        onProgress=onProgress,
        onFinished=onFinished,
        onFailed=onFailed,
    )


def preview(annotation: Annotation) -> Preview:
    """The same, waited for. Raises UserError, JobFailed where labels exclude each other."""
    found: list[Preview] = []
    previewJob(annotation, onFinished=found.append).wait()
    return found[0]
