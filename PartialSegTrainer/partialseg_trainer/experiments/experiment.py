"""An experiment on disk: a folder in which every process that works on it finds all it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from filelock import FileLock

from ..dataset import Case, Dataset, Split, import_pairs, partial_copy, split_subjects
from ..dataset.layout import DESCRIPTION, PARTICIPANTS, subjects_in
from ..dataset.participants import read_rows, subject_of
from ..dataset.progress import Progress
from ..dataset.split import split_problems, stray_rows
from ..errors import UserError
from ..files import read_checked, write_text
from ..runs import RunFolder
from ..synthesis import synthesize_dataset, vary_dataset
from ..user_folders import expanded
from ..volumes import Volume
from .cell_folder import CellFolder, differences
from .grid import Cell, expand
from .settings import ExperimentSettings, FixedSplit

_SETTINGS = "experiment.json"
# It is there from the first moment on, so a folder that has it is ours.
_LOCK = ".scans.lock"
# What decides the scans of every cell, and so may not change between two calls.
_FIXED = {
    "data": {"scheme", "phantoms"},
    "split": True,
    "partial": True,
    "full_subjects": True,
    "test": {"scheme", "subjects"},
}


@dataclass(frozen=True)
class Member:
    """One of the trainings whose models a cell is scored with, the first of which is number 1.

    `cell` is the one that trains it, which may be another.
    """

    cell: Cell
    number: int
    run: RunFolder

    @property
    def seed(self) -> int:
        """The seed of the training, another one for each number."""
        return self.cell.training_seed + 100 * (self.number - 1)


@dataclass(frozen=True)
class Experiment:
    """The folder of an experiment: its settings, `scans`, `datasets`, `cells` and results."""

    folder: Path
    settings: ExperimentSettings

    @classmethod
    def create(
        cls, folder: str | Path, settings: ExperimentSettings, progress: Progress | None = None
    ) -> Experiment:
        """Make the folder, or go on in one: a grid may grow, but what is there stays as it is.

        Where the scans are no dataset yet, one is made of them; `save` writes the settings. Raises
        UserError for a folder with other things in it, with an experiment on other scans, or with
        cells that were trained with other settings, and for scans that an experiment cannot use.
        """
        experiment = cls(expanded(folder).absolute(), settings)
        place = experiment.folder
        if (place / _SETTINGS).is_file():
            before = cls.open(place).settings
            if before.model_dump(include=_FIXED) != settings.model_dump(include=_FIXED):
                raise UserError(
                    f"{place} holds an experiment on other scans (data, split, test, partial or "
                    "full_subjects differ); choose another folder."
                )
        elif place.is_dir() and any(place.iterdir()) and not (place / _LOCK).exists():
            raise UserError(f"{place} is not empty and holds no experiment; choose another folder.")
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(place / _LOCK):
            experiment._make_scans(progress)
        experiment._check_scans()
        experiment._check_cells()
        return experiment

    def save(self) -> None:
        """Write the settings, from which every worker knows what its cells are."""
        write_text(self.folder / _SETTINGS, self.settings.model_dump_json(indent=2) + "\n")

    @staticmethod
    def begun(folder: str | Path) -> bool:
        """Whether the folder holds an experiment that was run before."""
        return Path(folder, _SETTINGS).is_file()

    @classmethod
    def open(cls, folder: str | Path) -> Experiment:
        """An experiment that `create` has made. Raises UserError where there is none."""
        folder = expanded(folder).absolute()
        return cls(folder, read_checked(folder / _SETTINGS, ExperimentSettings))

    @cached_property
    def source(self) -> Dataset:
        """The fully labelled scans."""
        return Dataset.open(self._source_folder)

    @cached_property
    def splits(self) -> tuple[Split, ...]:
        """Who trains, validates and tests; of several splits each draw takes the next one."""
        if self.settings.split is None:
            usual = {"validation": 0.1, "test": 0.1 if self.settings.test is None else 0.0}
            fractions = [
                self.settings.settings.get(f"{part}_fraction", fraction)
                for part, fraction in usual.items()
            ]
            return (split_subjects(self.source, *fractions),)
        return tuple(map(self._split, self.settings.split))

    def split(self, cell: Cell) -> Split:
        """Who trains, validates and tests in a cell."""
        return self.splits[cell.draw % len(self.splits)]

    def _split(self, fixed: FixedSplit) -> Split:
        parts = {
            **dict.fromkeys(self.source.subjects, "train"),
            **dict.fromkeys(fixed.validation, "validation"),
            **dict.fromkeys(fixed.test, "test"),
        }
        unknown = sorted(parts.keys() - set(self.source.subjects))
        if unknown:
            raise UserError(
                f"The split names the subjects {', '.join(unknown)}, which {self._source_folder} "
                f"lacks; there are {', '.join(self.source.subjects)}."
            )
        rows = [
            {**row, "split": parts.get(subject_of(row), "n/a")}
            for row in read_rows(self._source_folder)
        ]
        torn = split_problems(rows) + stray_rows(rows, subjects_in(self._source_folder))
        if torn:
            raise UserError(f"The split does not fit {PARTICIPANTS}: {torn[0]}")
        of_part = {part: [] for part in Split._fields}
        for subject in sorted(parts):
            of_part[parts[subject]].append(subject)
        return Split(*map(tuple, of_part.values()))

    @property
    def cells(self) -> list[Cell]:
        """All cells of the grid."""
        return expand(self.settings, [len(split.train) for split in self.splits])

    def test_cases(self, cell: Cell) -> list[Case]:
        """The scans that a cell's model is scored on."""
        test = self.settings.test
        tested = self.split(cell).test if test is None else test.subjects or self.tested.subjects
        return [case for case in self.tested.cases if case.subject in tested]

    @cached_property
    def tested(self) -> Dataset:
        """The dataset of the test scans: that of all scans, or one from elsewhere."""
        return self.source if self.settings.test is None else Dataset.open(self._elsewhere_folder)

    def truth(self, case: Case) -> Volume:
        """The labelmap that a test scan is scored against, in the values of the scans that train.

        A part that these do not tell apart is the nearest label above it that they do.
        """
        own, scheme = self.tested.scheme, self.source.scheme
        labelmap = case.label_sets(own).labelmap()
        table = np.zeros(own.labels[-1].value + 1, dtype=int)
        for label in own:
            above = [label.name, *own.ancestors(label.name)]
            shared = next((name for name in above if name in scheme.names), None)
            table[label.value] = 0 if shared is None else scheme[shared].value
        values = table.astype(np.min_scalar_type(table.max()))
        return case.image().with_data(values[labelmap])

    @property
    def compared(self) -> tuple[str, ...]:
        """The labels that are scored: those that the test scans know too."""
        known = self.tested.scheme.names
        return tuple(name for name in self.source.scheme.names if name in known)

    def place(self, cell: Cell) -> CellFolder:
        """The folder of a cell."""
        return CellFolder(self.folder / "cells" / cell.place)

    def members(self, cell: Cell) -> list[Member]:
        """The trainings whose models, together, a cell is scored with; those of others first."""
        method = self.settings.methods[cell.method]
        others = self.members(replace(cell, method=method.of)) if method.of else []
        wanted = method.ensemble or max(1, len(others))
        own = [
            Member(cell, number, self.place(cell).member(number))
            for number in range(len(others) + 1, wanted + 1)
        ]
        return [*others, *own][:wanted]

    def dataset_folder(self, cell: Cell) -> Path:
        """Where the partly labelled scans lie that a cell learns from."""
        return self.folder / "datasets" / cell.dataset

    def dataset(self, cell: Cell) -> Dataset:
        """The partly labelled scans that a cell learns from; the first who asks makes them."""
        folder = self.dataset_folder(cell)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{folder.name}.lock")):
            if folder.is_dir():
                return Dataset.open(folder)
            if cell.copies:
                varied = self.dataset(replace(cell, copies=0))
                return vary_dataset(varied, folder, copies=cell.copies, seed=cell.draw)
            hidden = self.hidden(cell)
            training = self.split(cell).train
            splits = {
                subject: "train" if subject in training else "validation" for subject in hidden
            }
            return partial_copy(self.source, folder, hidden, splits)

    def hidden(self, cell: Cell) -> Mapping[str, tuple[str, ...]]:
        """The labels that each training and validation subject lacks; none of the full ones."""
        split = self.split(cell)
        order = np.random.default_rng(cell.draw).permutation(split.train).tolist()
        if self.settings.full_subjects:
            named = self.settings.full_subjects[cell.draw % len(self.settings.full_subjects)]
            order = [*named, *(subject for subject in order if subject not in named)]
        hidden = dict.fromkeys((*order[: cell.full], *split.validation), ())
        names = self.source.scheme.names
        start = cell.full
        for kind in self.settings.partial:
            stop = None if kind.subjects is None else start + kind.subjects
            labels = kind.hide or tuple(name for name in names if name not in kind.keep)
            hidden.update(dict.fromkeys(order[start:stop], labels))
            start = stop
        return hidden

    @property
    def _source_folder(self) -> Path:
        folder, scheme = self.settings.data.folder, self.settings.data.scheme
        return self.folder / "scans" if folder is None or scheme is not None else folder

    @property
    def _elsewhere_folder(self) -> Path:
        test = self.settings.test
        return self.folder / "test-scans" if test.scheme is not None else test.folder

    def _make_scans(self, progress: Progress | None) -> None:
        test = self.settings.test
        if test is not None and test.scheme is not None:
            folder = self._elsewhere_folder
            if not (folder / DESCRIPTION).is_file():
                _imported(test.folder, test.scheme, folder, progress)
        data, folder = self.settings.data, self._source_folder
        if (folder / DESCRIPTION).is_file():
            return
        if data.phantoms is not None:
            synthesize_dataset(
                folder,
                full=data.phantoms.subjects,
                progress=progress,
                **data.phantoms.model_dump(),
            )
        elif data.scheme is not None:
            _imported(data.folder, data.scheme, folder, progress)

    def _check_scans(self) -> None:
        """Raise UserError unless every scan is fully labelled and each part has a subject."""
        partial = [case.name for case in self.source.cases if not case.info.fully_known]
        if partial:
            raise UserError(
                f"{self._source_folder} is labelled only in part ({partial[0]}"
                f"{f' and {len(partial) - 1} more' if partial[1:] else ''}); an experiment hides "
                "labels itself and scores against all of them, so leave such scans out."
            )
        for part in ("train", "test") if self.settings.test is None else ("train",):
            if not all(getattr(split, part) for split in self.splits):
                raise UserError(
                    f"{self._source_folder} leaves no subject to {part}; give other fractions or "
                    "another split."
                )
        for kind in self.settings.partial:
            for name in (*kind.keep, *kind.hide):
                self.source.scheme.index(name)
        self._check_named()

    def _check_named(self) -> None:
        """Raise UserError where a subject that the settings name cannot be what they say."""
        for draw, named in enumerate(self.settings.full_subjects):
            training = self.splits[draw % len(self.splits)].train
            lacking = [subject for subject in named if subject not in training]
            if lacking:
                raise UserError(
                    f"full_subjects names {', '.join(lacking)}, who do not train in that draw; "
                    f"there are {', '.join(training)}."
                )
        if self.settings.test is None:
            return
        cases, folder = self.tested.cases, self._elsewhere_folder
        lacking = sorted({*self.settings.test.subjects} - {case.subject for case in cases})
        if lacking:
            raise UserError(f"test names the subjects {', '.join(lacking)}, which {folder} lacks.")
        partial = [case.name for case in cases if not case.info.fully_known]
        if partial:
            raise UserError(
                f"{folder} is labelled only in part ({partial[0]}); scans to test on must be "
                "labelled fully."
            )
        if not {*self.tested.scheme.names} & {*self.source.scheme.names}:
            raise UserError(
                f"The schemes '{self.source.scheme.name}' and '{self.tested.scheme.name}' share "
                "no label by name, so nothing can be compared; import the scans to test on in the "
                "other scheme."
            )

    def _check_cells(self) -> None:
        """Raise UserError where a cell was trained with settings that differ from those now."""
        for cell in self.cells:
            place = self.place(cell)
            different = place.differences(self.settings.methods[cell.method].use)
            for member in self.members(cell):
                config = self.settings.train_config(cell.method, Path(), member.seed)
                different |= differences(member.run, config.model_dump(mode="json"))
            if different:
                raise UserError(
                    f"{place.path} was made with another {' and '.join(sorted(different))}; choose "
                    "another folder, give the method another name, or delete the cell."
                )


def _imported(folder: Path, scheme: str, output: Path, progress: Progress | None) -> None:
    """A dataset of images and labelmaps in which every label is drawn wherever it is."""
    import_pairs(folder, folder, scheme, output, annotated="all", progress=progress)
