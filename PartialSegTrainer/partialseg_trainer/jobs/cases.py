"""Job "cases": what is in a dataset, and what is annotated in each of its scans.

Request: `dataset`, its folder. Result: `name`, `scheme` (as in a scheme's file), `labels` in
channel order, `contrasts` of each scan, the annotated one first, `cases` ordered by name with the
`status` of each label, and `problems`, sentences about cases that cannot be read.
"""

from __future__ import annotations

from typing import Any

from ..dataset import Case, Dataset
from ..errors import UserError
from .folder import JobFolder


def work(job: JobFolder) -> dict[str, Any]:
    dataset = Dataset.open(job.request()["dataset"])
    cases: list[dict[str, Any]] = []
    problems: list[str] = []
    for case in dataset.cases:
        try:
            cases.append(_as_json(case))
        except UserError as error:
            problems.append(str(error))
    return {
        "name": dataset.name,
        "scheme": dataset.scheme.to_dict(),
        "labels": list(dataset.scheme.names),
        "contrasts": list(dataset.contrasts),
        "cases": cases,
        "problems": problems,
    }


def _as_json(case: Case) -> dict[str, Any]:
    info = case.info.model_dump(mode="json", include={"annotator", "date", "status", "fully_known"})
    return {"name": case.name, "subject": case.subject, "session": case.session, **info}
