"""Job "age": the post-menstrual age at a scan, from the tables of where its file lies.

Request: `scan`, a path. Result: `weeks`, or null where no table tells it (see `dataset.scan_age`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..dataset.scan_age import ages_of_scans
from .folder import JobFolder


def work(job: JobFolder) -> dict[str, Any]:
    job.report("Looking for the age")
    return {"weeks": ages_of_scans()(Path(job.request()["scan"]))}
