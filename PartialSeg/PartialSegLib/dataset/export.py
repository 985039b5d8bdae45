"""Writing the annotation of one scan as a case of a dataset."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from partialseg_trainer.labels import LabelScheme

from ..annotation.scanAnnotation import Annotation
from ..engine.jobs import Job, JobFailed
from ..scene.furtherImages import furtherImages
from ..scene.volumes import scanArray

if TYPE_CHECKING:
    from partialseg_trainer.dataset import Case


def isIdentifier(text: str) -> bool:
    """Whether BIDS allows a text as subject or session: ASCII letters and digits."""
    return re.fullmatch("[A-Za-z0-9]+", text) is not None


def exportJob(
    annotation: Annotation,
    dataset: str | Path,
    subject: str,
    *,
    session: str | None = None,
    annotator: str = "",
    group: str | None = None,
    replace: bool = False,
    contrast: str | None = None,
    further: Mapping[str, Any] | None = None,
    onProgress: Callable[[dict[str, Any]], object] | None = None,
    onFinished: Callable[[str], object] | None = None,
    onFailed: Callable[[JobFailed], object] | None = None,
) -> Job:
    """A job that adds a scan and its annotation to the dataset in a folder.

    The dataset is made where the folder is missing or empty. The files are named by `subject` and
    `session` alone: names of nodes, which may be a patient's, go nowhere. `group` keeps related
    subjects together when the dataset is split; `replace` allows an existing case to be written
    anew. `further` has the volume node of each contrast after the first, as in {"T1w": node}, on a
    grid of its own; a dataset that is made has these, after `contrast`, T2w if None. `onFinished`
    gets the name of the case, as in "sub-01".

    Raises UserError for a contrast that is no suffix of BIDS, and a volume that is empty, no scan,
    or under a transform that is not linear. All else that is refused goes to `onFailed`, and
    nothing is written then; its details have `contradictions` where labels exclude each other, and
    `exists` where the case is there already.
    """
    voxels = scanArray(annotation.volumeNode)
    affines, images = furtherImages(further or {})
    request, masks = annotation.request(), annotation.arrays()

    def arrays() -> Iterator[tuple[str, np.ndarray]]:
        yield from masks
        yield "image", voxels
        yield from images

    return Job(
        "export",
        {
            **request,
            "dataset": str(dataset),
            "name": Path(dataset).name,
            "subject": subject,
            "session": session,
            "annotator": annotator,
            "reviewed": annotation.reviewed(),
            "group": group,
            "replace": replace,
            **({"further": affines} if affines else {}),
            **({"contrast": contrast} if contrast else {}),
        },
        arrays(),
        onProgress=onProgress,
        onFinished=lambda result, folder: onFinished and onFinished(result["case"]),
        onFailed=onFailed,
    )


def exportCase(
    segmentationNode,
    volumeNode,
    scheme: LabelScheme,
    dataset: str | Path,
    subject: str,
    *,
    roiNode=None,
    **options,
) -> Case:
    """Add a scan and its annotation to the dataset in a folder, or make one; return the Case.

    `roiNode` is a markups ROI where no more than a part of the scan was annotated; the other
    options are those of `exportJob`: session, annotator, group, replace, contrast, further.

    Raises UserError, JobFailed where the job refuses.
    """
    # Here, so that the module opens before its packages are installed.
    from partialseg_trainer.dataset import Dataset, ScanName

    annotation = Annotation.of(segmentationNode, volumeNode, scheme, roiNode)
    exportJob(annotation, dataset, subject, **options).wait()
    return Dataset.open(dataset).case(ScanName(subject, options.get("session")))
