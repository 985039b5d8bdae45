"""Job "rank": which scan of a folder a model is least sure of, and so is worth annotating next.

Request: `folder`, of images or a BIDS tree; `model`, a folder or a name, "" for the default one;
`device`. Result: `scans`, the most uncertain first and those that cannot be used last, each with
`path`, `uncertainty` (mean of 1 - confidence over all that was found, 1 where nothing was; null
where the scan cannot be used), `volumes_ml`, `warnings` and `error`, a sentence or null.
"""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Any

from ..failures import explain_failure
from ..inference import find_scans, load_model, segment
from ..networks.device import choose_device
from ..networks.model import Model
from .folder import JobFolder
from .pace import Pace


def work(job: JobFolder) -> dict[str, Any]:
    request = job.request()
    scans = find_scans(request["folder"])
    job.report("Loading the model")
    model = load_model(request["model"] or None)
    choose_device(request["device"])
    pace = Pace(job, "Segmenting scans")
    found = [
        _assess(path, model, request["device"], partial(_within, pace, number, len(scans)))
        for number, path in enumerate(scans)
    ]
    return {"scans": sorted(found, key=lambda scan: -(scan["uncertainty"] or 0))}


def _within(pace: Pace, number: int, scans: int, done: int, slices: int) -> None:
    pace(number + done / slices, scans)


def _assess(path: Path, model: Model, device: str, progress: Any) -> dict[str, Any]:
    """Segment one scan; whatever is wrong with it must not cost the result of the others."""
    try:
        result = segment(path, model, device=device, confidence=True, progress=progress)
    except Exception as error:
        logging.exception("A scan could not be segmented")
        return {
            "path": str(path),
            "uncertainty": None,
            "volumes_ml": {},
            "warnings": [],
            "error": explain_failure(error),
        }
    return {
        "path": str(path),
        "uncertainty": result.uncertainty(),
        "volumes_ml": result.volumes_ml(),
        "warnings": list(result.warnings),
        "error": None,
    }
