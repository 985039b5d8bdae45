"""Job "scans": the scans in a folder and in the folders in it, to be annotated for a dataset.

Request: `folder`; `dataset`, the folder of the dataset, which may lie among the scans; and
`contrasts`, those of one that is not made yet, the annotated one first. Result: `scans` in the
order of their paths, each with its `path`, `further`, the path of each further contrast's image by
its name, and `lacking`, the contrast that labels are drawn on, where there is no image of that.

Labelmaps of scans beside them are none. Where the dataset has several contrasts, files of one name
but for the contrast are one scan, and those of other contrasts are passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from ..dataset import Dataset
from ..dataset.companions import Images, images_of_folder
from ..dataset.layout import DESCRIPTION
from ..dataset.pairing import without_labelmaps
from ..finding import find_volumes
from .folder import JobFolder

_SEGMENTATION = ".seg.nrrd"


def work(job: JobFolder) -> dict[str, Any]:
    request = job.request()
    job.report("Looking for scans")
    dataset = Path(request["dataset"])
    made = (dataset / DESCRIPTION).is_file()
    contrasts = Dataset.open(dataset).contrasts if made else tuple(request["contrasts"])
    files = [
        path
        for path in find_volumes(Path(request["folder"]))
        if dataset not in path.parents and not path.name.lower().endswith(_SEGMENTATION)
    ]
    scans = _together(without_labelmaps(files)[0], contrasts)
    return {"scans": [_as_json(images, contrasts[0]) for images in scans]}


def _together(files: list[Path], contrasts: Sequence[str]) -> list[Images]:
    """The images of each scan; of a single contrast, each file is a scan, whatever it is called."""
    if len(contrasts) == 1:
        return [{contrasts[0]: path} for path in sorted(files)]
    found = []
    for _, inside in groupby(sorted(files, key=_folder), key=_folder):
        found += images_of_folder(inside, contrasts)
    return sorted(found, key=lambda images: next(iter(images.values())))


def _folder(path: Path) -> Path:
    return path.parent


def _as_json(images: Images, first: str) -> dict[str, Any]:
    return {
        "path": str(next(iter(images.values()))),
        "further": {name: str(path) for name, path in images.items() if name != first},
        "lacking": "" if first in images else first,
    }
