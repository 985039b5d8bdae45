"""Job "dataset": a dataset without a case yet, made where there is none.

Request: `dataset`, a folder that is missing or empty, or a dataset; what it is called then, `name`;
its `scheme`, as in a scheme's file; and, if not T2w alone, the `contrasts` of each of its scans.
Result: `name`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..dataset import Dataset
from ..dataset.contrast import DEFAULT
from ..dataset.layout import DESCRIPTION
from ..errors import UserError
from ..labels import LabelScheme
from .folder import JobFolder


def work(job: JobFolder) -> dict[str, Any]:
    request = job.request()
    scheme = LabelScheme.from_dict(request["scheme"])
    contrasts = tuple(request.get("contrasts") or (DEFAULT,))
    made = dataset_in(Path(request["dataset"]), scheme, request["name"], contrasts)
    return {"name": made.name}


def dataset_in(
    folder: Path, scheme: LabelScheme, name: str, contrasts: tuple[str, ...] = (DEFAULT,)
) -> Dataset:
    """The dataset in the folder, made where there is nothing yet."""
    if folder.is_dir() and any(folder.iterdir()):
        return Dataset.open(folder)
    try:
        return Dataset.create(folder, scheme, name, contrasts)
    except UserError:
        # Another job may have made it in this moment.
        if (folder / DESCRIPTION).is_file():
            return Dataset.open(folder)
        raise
