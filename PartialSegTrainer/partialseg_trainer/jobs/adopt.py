"""Job "adopt": the model of a run is taken among the user's own, where it stays without the run.

Request: `run`, its folder. Result: `model`, the folder there.
"""

from __future__ import annotations

from typing import Any

from ..models import use_model
from .folder import JobFolder


def work(job: JobFolder) -> dict[str, Any]:
    job.report("Copying the model")
    return {"model": str(use_model(job.request()["run"]))}
