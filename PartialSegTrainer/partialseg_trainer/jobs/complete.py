"""Job "complete": the rest of a scan, from what was drawn on it.

Request: that of "check", and `model`, a folder or a name, "" for the default one; `device`;
`learn`, whether the model first learns from the drawing; `further`, as in "segment". Arrays: those
of "check", and `image` (K, J, I). Result: that of "segment", and `learned`, whether the model has
learned, `reason`, why not, in a sentence, and `draw_next`, the slice whose drawing would help most,
with `kind`, `index`, `mm` and `doubt`, or null. An error carries `contradictions` where labels
exclude each other.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from ..completion import complete, draw_next
from ..errors import UserError
from ..inference import load_model
from .axes import sets_of_volume
from .check import sets_without_contradiction
from .folder import JobFolder
from .pace import Pace
from .segment import images_of, write_result


def work(job: JobFolder) -> dict[str, Any]:
    began = time.monotonic()
    request = job.request()
    sets = sets_without_contradiction(job)
    if sets.leaf_sets().all():
        raise UserError(
            "Nothing is drawn: no label is in progress, complete or absent; set the status of what "
            "is drawn, or make a new segmentation."
        )
    job.report("Loading the model")
    model = load_model(request["model"] or None)
    paces: dict[str, Pace] = {}

    def told(stage: str, done: int, total: int) -> None:
        if stage not in paces:
            paces[stage] = Pace(job, stage)
        paces[stage](done, total)

    result = complete(
        images_of(job, model.info.contrast),
        model,
        sets_of_volume(sets),
        learn=request["learn"],
        device=request["device"],
        confidence=True,
        progress=told,
    )
    proposal = draw_next(result.segmentation)
    return {
        **write_result(job, result.segmentation, model, request["device"], began),
        "learned": result.model is not None,
        "reason": result.reason,
        "draw_next": proposal and asdict(proposal),
    }
