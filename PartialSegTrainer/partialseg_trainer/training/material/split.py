"""Which stored slices train and which validate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from ...dataset import Case, Dataset, split_subjects
from ...errors import UserError
from ...files import read_checked
from ...losses import build_loss
from ..settings.config import TrainConfig
from .slices import SliceStore
from .told import untold_labels


@dataclass(frozen=True)
class SliceSplit:
    """Numbers of slices in a store: for training, of full and of partial scans; for validation."""

    full: np.ndarray
    partial: np.ndarray
    validation: np.ndarray
    validation_subjects: frozenset[str]

    @property
    def training(self) -> np.ndarray:
        """All slices that train."""
        return np.concatenate([self.full, self.partial])


def choose_cases(dataset: Dataset, config: TrainConfig) -> tuple[list[Case], set[str]]:
    """The cases that a training reads, and the subjects among them that validate.

    Test subjects are left out, and partial scans too where neither the loss nor the strategy can
    use them. Raises UserError when there is no case, or no fully labelled one where one is needed:
    by the loss, by the strategy, or to tell the parts of a super-label apart.
    """
    split = split_subjects(dataset, config.validation_fraction, config.test_fraction, config.seed)
    validation = set(split.validation)
    cases = [case for case in dataset.cases if case.subject not in split.test]
    loss = build_loss(config.loss, dataset.scheme, **config.loss_options)
    strategy = config.chosen_strategy
    full_only = loss.full_scans_only and not strategy.uses_partial
    if full_only:
        cases = [case for case in cases if case.info.fully_known]
    training = [case for case in cases if case.subject not in validation]
    if not any(case.info.fully_known for case in training):
        if full_only or strategy.needs_full:
            kind, name = ("loss", config.loss) if full_only else ("strategy", config.strategy)
            raise UserError(
                f"{dataset.folder} has no fully labelled scan to train on, which the {kind} "
                f"'{name}' needs; label one scan fully, or choose a {kind} for partial labels."
            )
        sets = [case.label_sets(dataset.scheme).leaf_sets() for case in training]
        untold_labels(dataset.scheme, np.concatenate(sets))
    return cases, validation


def cases_to_test(dataset: Dataset, config: TrainConfig) -> list[Case]:
    """The cases that are kept for tests, so that `choose_cases` leaves them out."""
    split = split_subjects(dataset, config.validation_fraction, config.test_fraction, config.seed)
    return [case for case in dataset.cases if case.subject in split.test]


class CaseNames(BaseModel):
    """The content of split.json: the names of the cases."""

    training: list[str]
    validation: list[str]
    test: list[str] = []


def case_names(
    cases: list[Case], validation: set[str], tested: Iterable[Case] = ()
) -> dict[str, list[str]]:
    """Who trains and who validates, to be kept so that a resumed training goes on with the same.

    And who was kept for tests, so that everybody can see that none of them was trained on.
    """
    names = {"training": [], "validation": [], "test": [case.name for case in tested]}
    for case in cases:
        names["validation" if case.subject in validation else "training"].append(case.name)
    return names


def recorded_cases(path: Path, dataset: Dataset) -> tuple[list[Case], set[str]]:
    """The cases of which `path` has the `case_names`, and the subjects that validate.

    Raises UserError when the file is damaged, or the dataset lacks one of them.
    """
    try:
        names = read_checked(path, CaseNames).model_dump()
    except UserError as error:
        raise UserError(
            f"{error} It says which scans train and which validate: put it back from a copy, or "
            "make a new run."
        ) from error
    present = {case.name: case for case in dataset.cases}
    missing = [name for name in (*names["training"], *names["validation"]) if name not in present]
    if missing:
        raise UserError(
            f"{dataset.folder} no longer has {', '.join(missing)}, with which the training began; "
            "put the scans back, or make a new run."
        )
    validation = {present[name].subject for name in names["validation"]}
    wanted = {*names["training"], *names["validation"]}
    return [case for name, case in present.items() if name in wanted], validation


def split_slices(store: SliceStore, validation: set[str]) -> SliceSplit:
    """Split the slices of a store by subject."""
    return SliceSplit(
        full=store.numbers(lambda case: case.subject not in validation and case.fully_known),
        partial=store.numbers(lambda case: case.subject not in validation and not case.fully_known),
        validation=store.numbers(lambda case: case.subject in validation),
        validation_subjects=frozenset(validation),
    )
