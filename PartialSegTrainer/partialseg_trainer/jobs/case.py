"""Job "case": the annotation of one case of a dataset, to be corrected.

Request: `dataset`, its folder, `subject`, `session` or null. Result: `image`, the path of the scan,
`contrast`, which that is, `further`, the path of each further contrast's image by its name,
`weeks`, the post-menstrual age at the scan or null, `scheme` (as in a scheme's file), `status` by
label, `affine` (4, 4) from array indices to RAS mm as Slicer reads it, `partly_known`, the labels
that are complete or absent in a part of the scan only, and `region`, that part as the first and the
last index (K, J, I) of a box, null where it is none. Array: `labelmap` (K, J, I), with the value of
the most specific label known at each voxel.
"""

from __future__ import annotations

from typing import Any

from ..dataset import Dataset, ScanName
from ..dataset.scan_age import case_age
from ..folders import missing
from ..labels import LabelSets, Status
from ..volumes import bounds
from .axes import array_affine, to_array
from .folder import JobFolder


def work(job: JobFolder) -> dict[str, Any]:
    request = job.request()
    dataset = Dataset.open(request["dataset"])
    scheme = dataset.scheme
    case = dataset.case(ScanName(request["subject"], request["session"]))
    further = dict(zip(case.contrasts[1:], case.image_paths[1:], strict=True))
    for path in further.values():
        if not path.is_file():
            raise missing(path)
    job.report("Reading the case")
    status = case.info.status
    grid = case.image().grid
    seen = grid.affine_of_itk
    sets = case.label_sets(scheme)
    job.write_array("labelmap", to_array(sets.labelmap()))
    unknown = (sets.codebook == 2).any(axis=0)
    partly_known = [
        channel
        for channel, name in enumerate(scheme.names)
        if status[name] in (Status.COMPLETE, Status.ABSENT) and unknown[channel]
    ]
    return {
        "image": str(case.image_path),
        "contrast": case.contrast,
        "weeks": case_age(case),
        "further": {contrast: str(path) for contrast, path in further.items()},
        "scheme": scheme.to_dict(),
        "status": {name: status[name].value for name in scheme.names},
        "affine": array_affine(grid.affine if seen is None else seen),
        "partly_known": [scheme.names[channel] for channel in partly_known],
        "region": _box(sets, partly_known),
    }


def _box(sets: LabelSets, channels: list[int]) -> list[list[int]] | None:
    """First and last index (K, J, I) of the box that is where each of these labels is known."""
    known = sets.codebook[:, channels] != 2
    if not channels or (known != known[:, :1]).any():
        return None
    where = to_array(known[:, 0][sets.codes])
    box = bounds(where)
    if not where[box].all():
        return None
    return [[part.start for part in box], [part.stop - 1 for part in box]]
