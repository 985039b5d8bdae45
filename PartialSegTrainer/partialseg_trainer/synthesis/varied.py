"""A dataset with randomised copies of the scans that train."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..dataset import Dataset
from ..dataset.participants import record_splits
from ..dataset.progress import Progress
from ..dataset.split import read_assignments
from ..errors import UserError
from ..files import atomic_folder
from ..limits import SUBJECTS
from .randomised import Variation, randomise_all


def vary_dataset(
    dataset: Dataset,
    output: str | Path,
    *,
    copies: int,
    seed: int = 0,
    variation: Variation | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Write a new dataset: all scans of `dataset`, and `copies` of each made by `randomise`.

    A copy is a subject of its own, called after its model with a "v" and a number, and in the same
    group, so that it never validates or tests what its model trained. Subjects whose `split` is
    validation or test get no copies. The dataset appears when the last scan is written.

    Raises UserError when the output exists, for fewer copies than 1, for a dataset without cases,
    and for a participants.tsv that does not fit it.
    """
    if copies < 1:
        raise UserError(f"copies is {copies}; ask for 1 copy of each scan or more.")
    cases = dataset.cases
    SUBJECTS.check(copies * len(cases), "These copies are")
    if not cases:
        raise UserError(f"{dataset.folder} has no cases; import or export scans first.")
    groups, splits = read_assignments(dataset)
    output = Path(output)
    with atomic_folder(output) as temporary:
        made = Dataset.create(temporary, dataset.scheme, output.resolve().name, dataset.contrasts)
        for done, case in enumerate(cases, start=1):
            images, sets = case.images(), case.label_sets(dataset.scheme)
            status = case.info.status
            group = groups.get(case.subject, case.subject)
            made.add_case(case.subject, images, sets, status, session=case.session, group=group)
            split = splits.get(case.subject)
            for number in range(copies if split in (None, "train") else 0):
                rng = np.random.default_rng((seed, done, number))
                name = f"{case.subject}v{number + 1}"
                scans, known = randomise_all(images, sets, rng, variation)
                made.add_case(name, scans, known, status, session=case.session, group=group)
                if split:
                    splits[name] = split
            if progress:
                progress(done, len(cases))
        record_splits(temporary, splits)
    return Dataset.open(output)
