"""Job "scans": the volumes in a folder and in the folders in it.

Request: `folder`. Result: `scans`, their paths in order.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..finding import find_volumes
from .folder import JobFolder


def work(job: JobFolder) -> dict[str, Any]:
    job.report("Looking for scans")
    return {"scans": list(map(str, find_volumes(Path(job.request()["folder"]))))}
