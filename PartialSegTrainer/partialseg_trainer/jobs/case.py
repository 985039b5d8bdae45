"""Job "case": the annotation of one case of a dataset, to be corrected.

Request: `dataset`, its folder, `subject`, `session` or null. Result: `image`, the path of the scan,
`scheme` (as in a scheme's file), `status` by label, `affine` (4, 4) from array indices to RAS mm,
and `partly_known`, the labels that are complete or absent in a part of the scan only. Array:
`labelmap` (K, J, I), with the value of the most specific label known at each voxel.
"""

from __future__ import annotations

from typing import Any

from ..dataset import Case, Dataset, ScanName
from ..labels import Status
from .axes import array_affine, to_array
from .folder import JobFolder


def work(job: JobFolder) -> dict[str, Any]:
    request = job.request()
    dataset = Dataset.open(request["dataset"])
    scheme = dataset.scheme
    case = Case(dataset.folder, ScanName(request["subject"], request["session"]))
    job.report("Reading the case")
    status = case.info.status
    affine = case.image().affine
    sets = case.label_sets(scheme)
    job.write_array("labelmap", to_array(sets.labelmap()))
    unknown = (sets.codebook == 2).any(axis=0)
    return {
        "image": str(case.image_path),
        "scheme": scheme.to_dict(),
        "status": {name: status[name].value for name in scheme.names},
        "affine": array_affine(affine),
        "partly_known": [
            name
            for channel, name in enumerate(scheme.names)
            if status[name] in (Status.COMPLETE, Status.ABSENT) and unknown[channel]
        ],
    }
