"""Job "check": what an annotation says about every voxel, and where it contradicts itself.

Request: `scheme` (as in a scheme's file), `status` by label, `affine` (4, 4) from array indices to
RAS mm, `shape`. Arrays: `masks/<label>` (K, J, I), non-zero inside, and `region` where only a part
was annotated. Result: `contradictions`, empty if there are none, and then also `voxels`, counts of
no, yes and unknown for each label; arrays `codes` (K, J, I) and `codebook` (K', C) of 0, 1, 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..labels import Contradiction, ContradictionError, LabelScheme, LabelSets
from .folder import JobError, JobFolder


def work(job: JobFolder) -> dict[str, Any]:
    try:
        sets = label_sets(job)
    except ContradictionError as error:
        return {"contradictions": [as_json(entry) for entry in error.contradictions]}
    job.write_array("codes", sets.codes)
    job.write_array("codebook", sets.codebook)
    return {"contradictions": [], "voxels": _counts(sets)}


def label_sets(job: JobFolder) -> LabelSets:
    """The label sets of the masks in the folder.

    Raises ContradictionError, and UserError for a mask that does not fit its status.
    """
    request = job.request()
    job.report("Reading the annotation", 0.0)
    region = job.array("region") if (job.path / "region.npy").is_file() else None
    return LabelSets.from_masks(
        LabelScheme.from_dict(request["scheme"]),
        job.arrays("masks"),
        request["status"],
        region,
        shape=tuple(request["shape"]),
        affine=np.array(request["affine"]),
    )


def sets_without_contradiction(job: JobFolder) -> LabelSets:
    """The same, with JobError where labels exclude each other: it carries `contradictions`."""
    try:
        return label_sets(job)
    except ContradictionError as error:
        found = [as_json(entry) for entry in error.contradictions]
        raise JobError(str(error), contradictions=found) from error


def as_json(entry: Contradiction) -> dict[str, Any]:
    """A contradiction as plain content."""
    return {
        "labels": list(entry.labels),
        "voxels": entry.voxels,
        "ras": entry.ras,
        "message": entry.message,
    }


def _counts(sets: LabelSets) -> dict[str, dict[str, int]]:
    voxels = sets.counts()
    return {
        name: {
            word: int(voxels[sets.codebook[:, channel] == value].sum())
            for value, word in enumerate(("no", "yes", "unknown"))
        }
        for channel, name in enumerate(sets.scheme.names)
    }
