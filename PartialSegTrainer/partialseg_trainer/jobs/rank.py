"""Job "rank": which scan of a folder a model is least sure of, and so is worth annotating next.

Request: `folder`, of images or a BIDS tree; `model`, a folder or a name, "" for the default one;
`device`; and, to be told which scans it holds, the folder of a `dataset`. Result: `scans`, the most
uncertain first and those that cannot be used last, each with `path`, `further`, the paths of its
further contrasts by their names, `uncertainty` (mean of 1 - confidence over all that was found, 1
where nothing was; null where the scan cannot be used), `volumes_ml`, `warnings`, `case`, the name
of the dataset's case with the same image or null, and `error`, a sentence or null.
"""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Any

from ..dataset import Dataset
from ..dataset.layout import DESCRIPTION
from ..dataset.same_image import KnownImages
from ..failures import explain_failure
from ..inference import find_images, load_model, segment
from ..models import find_model, read_info
from ..networks.device import choose_device
from ..networks.model import Model
from ..volumes import read_volume
from .folder import JobFolder
from .pace import Pace


def work(job: JobFolder) -> dict[str, Any]:
    request = job.request()
    info = read_info(find_model(request["model"] or None))
    scans = find_images(request["folder"], info.contrasts)
    job.report("Loading the model")
    model = load_model(request["model"] or None)
    choose_device(request["device"])
    known = _known_images(job, request.get("dataset"))
    pace = Pace(job, "Segmenting scans")
    found = [
        _assess(images, model, request["device"], known, partial(_within, pace, number, len(scans)))
        for number, images in enumerate(scans)
    ]
    return {"scans": sorted(found, key=lambda scan: -(scan["uncertainty"] or 0))}


def _known_images(job: JobFolder, folder: str | None) -> KnownImages | None:
    """The images of a dataset; a folder in which nothing was exported yet is none."""
    if folder and (Path(folder) / DESCRIPTION).is_file():
        job.report("Reading the dataset")
        return KnownImages(Dataset.open(folder))
    return None


def _within(pace: Pace, number: int, scans: int, done: int, steps: int) -> None:
    pace(number + done / steps, scans)


def _assess(
    images: dict[str, Path], model: Model, device: str, known: KnownImages | None, progress: Any
) -> dict[str, Any]:
    """Segment one scan; whatever is wrong with it must not cost the result of the others."""
    path, *others = images.values()
    place = {
        "path": str(path),
        "further": dict(zip(list(images)[1:], map(str, others), strict=True)),
    }
    try:
        shown = path if len(images) == 1 else images
        result = segment(shown, model, device=device, confidence=True, progress=progress)
        case = known.case_of(read_volume(path)) if known else None
    except Exception as error:
        logging.exception("A scan could not be segmented")
        return {
            **place,
            "uncertainty": None,
            "volumes_ml": {},
            "warnings": [],
            "case": None,
            "error": explain_failure(error),
        }
    return {
        **place,
        "uncertainty": result.uncertainty(),
        "volumes_ml": result.volumes_ml(),
        "warnings": list(result.warnings),
        "case": case and case.name,
        "error": None,
    }
