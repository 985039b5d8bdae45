"""A dataset once more, with some labels of some subjects forgotten."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from ..files import atomic_folder, write_json
from ..volumes import checksum
from .case import Case
from .folder import Dataset
from .hiding import hide_labels, status_after_hiding
from .participants import record_splits, record_subject
from .tensors import read_label_sets, write_label_sets


def partial_copy(
    source: Dataset,
    folder: str | Path,
    hidden: Mapping[str, Collection[str]],
    splits: Mapping[str, str],
) -> Dataset:
    """Write a new dataset of the subjects in `hidden`, without the labels that it names for each.

    `splits` is where each of them goes, as in `assign_splits`. Files that stay as they are take no
    new space where the disk can link them. Raises UserError when the folder exists, and for labels
    that the scheme does not have.
    """
    folder = Path(folder)
    with atomic_folder(folder) as temporary:
        made = Dataset.create(temporary, source.scheme, folder.name, source.contrasts)
        for case in source.cases:
            if case.subject in hidden:
                record_subject(temporary, case.subject, None)
                _copy(case, made.case(case.scan), source, hidden[case.subject])
        record_splits(temporary, splits)
    return Dataset.open(folder)


def _copy(case: Case, target: Case, source: Dataset, hidden: Collection[str]) -> None:
    target.sidecar_path.parent.mkdir(parents=True, exist_ok=True)
    for image, copied in zip(case.image_paths, target.image_paths, strict=True):
        _link(image, copied)
    beside = zip(case.image_sidecar_paths, target.image_sidecar_paths, strict=True)
    for sidecar, copied in beside:
        if sidecar.is_file():
            _link(sidecar, copied)
    if not hidden:
        _link(case.labels_path, target.labels_path)
        _link(case.sidecar_path, target.sidecar_path)
        return
    sets, grid = read_label_sets(case.labels_path, source.scheme)
    known = hide_labels(sets, hidden)
    write_label_sets(target.labels_path, known, grid)
    changes = {
        "status": status_after_hiding(known, hidden),
        "labels_sha256": checksum(target.labels_path),
        "fully_known": known.fully_known,
    }
    write_json(target.sidecar_path, case.info.model_copy(update=changes).model_dump(mode="json"))


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        # Another disk, or one that knows no links.
        shutil.copyfile(source, target)
