"""Which cases nnU-Net trains on, and by which it validates: whole subjects and whole groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..errors import UserError
from .case import Case
from .folder import Dataset
from .split import fixed_parts

SPLITS = "splits_final.json"
_FOLDS = 5


class Folds(NamedTuple):
    """The cases of imagesTr and imagesTs, and the content of splits_final.json.

    `splits` is None where there are too few subjects to validate by any.
    """

    train: list[Case]
    test: list[Case]
    splits: list[dict[str, list[str]]] | None


def nnunet_folds(dataset: Dataset) -> Folds:
    """Test scans apart; one fold where participants.tsv says who validates, else up to five.

    nnU-Net by itself draws its five folds by case, so that two visits of a child, or twins, come to
    be on both sides. Here who belongs together stays together, and who is fixed for training is
    never validated by.

    Raises UserError where no scan is left to train on, and for what `fixed_parts` refuses.
    """
    parts = fixed_parts(dataset)
    part_of = {subject: part for block, part in parts.items() for subject in block}
    test = [case for case in dataset.cases if part_of[case.subject] == "test"]
    train = [case for case in dataset.cases if part_of[case.subject] != "test"]
    if not train:
        raise UserError(
            f"{dataset.folder} has no scan to train on: participants.tsv fixes all for testing; "
            "leave some of them free."
        )
    validating = [block for block, part in parts.items() if part == "validation"]
    if validating:
        folds = [frozenset().union(*validating)]
    else:
        folds = _spread([block for block, part in parts.items() if part is None])
    splits = [
        {
            "train": [case.name for case in train if case.subject not in fold],
            "val": [case.name for case in train if case.subject in fold],
        }
        for fold in folds
    ]
    usable = bool(splits) and all(split["train"] and split["val"] for split in splits)
    return Folds(train, test, splits if usable else None)


def _spread(blocks: Sequence[frozenset[str]]) -> list[frozenset[str]]:
    """The blocks, drawn always alike, in up to five folds of about as many subjects."""
    if not blocks:
        return []
    folds: list[frozenset[str]] = [frozenset()] * min(_FOLDS, len(blocks))
    drawn = [blocks[position] for position in np.random.default_rng(0).permutation(len(blocks))]
    for block in sorted(drawn, key=len, reverse=True):
        smallest = min(range(len(folds)), key=lambda fold: len(folds[fold]))
        folds[smallest] |= block
    return folds
