"""Job "export": an annotated scan becomes a case of a dataset.

Request: that of "check", and `dataset` (folder; made if it is missing or empty, then called
`name`), `subject`, `session` or null, `annotator`, `group` or null, `replace`, and `reviewed`, the
day on which a label was accepted, by label (see `CaseInfo`). Arrays: those of
"check", and `image` (K, J, I); where the dataset has several contrasts, that is the first, and
`further` has the affine of each other one by its name, whose array is in the folder `further`. A
dataset that is made has these, after `contrast`, T2w unless given. Result: `case`, as in "sub-01",
and `files`, relative to the dataset. An error carries `contradictions` where labels exclude each
other, and `exists` where the case is there already and `replace` is false. Nothing is written then.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..dataset import CaseExistsError, ScanName
from ..dataset.contrast import DEFAULT
from ..errors import UserError
from ..volumes import as_volume
from .axes import sets_of_volume, to_volume
from .check import sets_without_contradiction
from .dataset import dataset_in
from .folder import JobError, JobFolder


def work(job: JobFolder) -> dict[str, Any]:
    request = job.request()
    # All that can be refused is looked at before a dataset is made.
    ScanName(request["subject"], request["session"])
    sets = sets_without_contradiction(job)
    if sets.leaf_sets().all():
        raise UserError(
            f"Nothing is annotated: no label of scheme '{sets.scheme.name}' is in progress, "
            "complete or absent; set the status of what is drawn, then export."
        )
    job.report("Writing the case", 0.5)
    further = {
        contrast: as_volume(to_volume(job.array(f"further/{contrast}"), affine))
        for contrast, affine in (request.get("further") or {}).items()
    }
    image = as_volume(to_volume(job.array("image"), request["affine"]))
    contrasts = (request.get("contrast") or DEFAULT, *further)
    dataset = dataset_in(Path(request["dataset"]), sets.scheme, request["name"], contrasts)
    try:
        case = dataset.add_case(
            request["subject"],
            {dataset.contrast: image, **further} if further else image,
            sets_of_volume(sets),
            request["status"],
            session=request["session"],
            annotator=request["annotator"],
            reviewed=request.get("reviewed", {}),
            group=request["group"],
            replace=request["replace"],
        )
    except CaseExistsError as error:
        raise JobError(str(error), exists=True) from error
    files = case.scan.files(dataset.folder, *dataset.contrasts)
    return {
        "case": case.name,
        "files": [path.relative_to(dataset.folder).as_posix() for path in files],
    }
