"""Job "growth": the volumes of a scan beside those that are published for its age, as a picture.

Request: `volumes`, in mL by label, the `scheme` (as in a scheme's file), `norms`, the path of a
table (see `evaluation.norms`), and `weeks`, the post-menstrual age. Result: `chart`, the name of
the PNG in the job's folder.
"""

from __future__ import annotations

from typing import Any

from ..evaluation import Norms, write_growth_chart
from ..labels import LabelScheme
from ..weeks import checked_weeks
from .folder import JobFolder

_CHART = "chart.png"


def work(job: JobFolder) -> dict[str, Any]:
    request = job.request()
    job.report("Drawing the chart")
    write_growth_chart(
        job.path / _CHART,
        request["volumes"],
        LabelScheme.from_dict(request["scheme"]),
        Norms.load(request["norms"]),
        checked_weeks(request["weeks"], "The age"),
    )
    return {"chart": _CHART}
