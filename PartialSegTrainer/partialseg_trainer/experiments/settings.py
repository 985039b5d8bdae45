"""What an experiment compares, on which scans: the YAML file, checked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from ..errors import UserError
from ..files import checked, plain_name
from ..limits import SUBJECTS, TRAININGS
from ..training import TrainConfig

# What a cell of the grid decides by itself.
_DECIDED = ("dataset", "name", "seed")


def _amount(value: Any) -> str:
    """`2`, `2 %` or `2%` as "2" or "2 %"."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(%?)", str(value).strip())
    if not found or isinstance(value, bool):
        raise ValueError("expected a number of subjects, such as 2, or a share, such as 2 %")
    number, percent = found.groups()
    if percent and not 0 < float(number) <= 100:
        raise ValueError("expected a share above 0 and up to 100 %")
    if not percent and not (number.isdecimal() and int(number) >= 1):
        raise ValueError("expected a whole number of subjects, 1 or more, or a share, such as 2 %")
    return f"{number} %" if percent else number


Amount = Annotated[str, BeforeValidator(_amount)]


def _several(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


def subjects_of(amount: Amount, training: int) -> int:
    """How many of the `training` subjects an amount is; of a share, 1 or more."""
    if amount.endswith(" %"):
        return max(1, round(float(amount.removesuffix(" %")) / 100 * training))
    return int(amount)


def amount_in_words(amount: Amount) -> str:
    """`2 subjects` or `2 %`."""
    if amount.endswith("%"):
        return amount
    return f"{amount} subject{'' if amount == '1' else 's'}"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Phantoms(_Strict):
    """Phantom newborns to make: how many, from which seed, with voxels of how many mm."""

    subjects: int = Field(ge=3)
    seed: int = Field(default=0, ge=0)
    spacing: float = Field(default=1.0, gt=0)

    @field_validator("subjects")
    @classmethod
    def _can_be_made(cls, subjects: int) -> int:
        SUBJECTS.check(subjects, "it asks for")
        return subjects


class Data(_Strict):
    """Where the fully labelled scans come from.

    `folder` is a dataset; or, where `scheme` is given, a folder of images and labelmaps of its
    values, which are imported first. In place of a folder, `phantoms` are made.
    """

    folder: Path | None = None
    scheme: str | None = None
    phantoms: Phantoms | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Data:
        if self.phantoms is not None and (self.folder is not None or self.scheme is not None):
            raise ValueError("expected either a folder or phantoms, not both")
        return self


class TestData(_Strict):
    """Scans from elsewhere that every cell is tested on, and that nothing learns from.

    `folder` and `scheme` are as in `Data`; `subjects`, without `sub-`, are those to test on, all
    unless given. Labels of the same name are compared, those that only one scheme has are not.
    """

    folder: Path | None = None
    scheme: str | None = None
    subjects: tuple[str, ...] = ()


class FixedSplit(_Strict):
    """Subjects, without `sub-`, that validate and test, in blocks; the others train."""

    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _no_subject_twice(self) -> FixedSplit:
        both = sorted(set(self.validation) & set(self.test))
        if both:
            raise ValueError(f"{both[0]} is to validate and to test; choose one")
        return self


class Partial(_Strict):
    """A way in which scans are labelled in part: labels that they `keep`, or that are to `hide`.

    `subjects` is how many training subjects are so; None is all that are left.
    """

    keep: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    subjects: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _keep_or_hide(self) -> Partial:
        if bool(self.keep) == bool(self.hide):
            raise ValueError("expected either the labels to keep or those to hide")
        return self


class Method(BaseModel):
    """A method: settings of a training, and what else belongs to it.

    full, steps: amounts and steps of its own.
    copies: how many randomised copies of each training scan it learns from too (`synthesis`).
    of: a method above it, whose models it takes instead of settings; nothing is trained again.
    ensemble: how many models, trained from different seeds, answer together; those of `of` are the
        first of them. None is one, or as many as `of` has.
    mirror: whether a scan's segmentation is the mean of what is said of it and of its mirror image.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    full: tuple[Amount, ...] | None = None
    steps: int | None = Field(default=None, ge=1)
    copies: int = Field(default=0, ge=0)
    of: str | None = None
    ensemble: int | None = Field(default=None, ge=1)
    mirror: bool = False

    @field_validator("copies")
    @classmethod
    def _can_be_made(cls, copies: int) -> int:
        SUBJECTS.check(copies, "it asks for")
        return copies

    @model_validator(mode="after")
    def _no_training_of_its_own(self) -> Method:
        trained = [
            *self.model_extra,
            *(name for name in ("steps", "copies") if getattr(self, name)),
        ]
        if self.of is not None and trained:
            raise ValueError(
                f"'{trained[0]}' belongs to a training, but the models are those of '{self.of}'"
            )
        return self

    @property
    def use(self) -> dict[str, Any]:
        """What of it no training knows."""
        return self.model_dump(include={"copies", "of", "ensemble", "mirror"})


class Slurm(_Strict):
    """What each job asks of SLURM; `jobs` is how many may run at a time, with a cell each."""

    jobs: int = Field(default=4, ge=1)
    memory: str = "16GB"
    walltime: str = "24:00:00"
    queue: str | None = None
    account: str | None = None
    job_extra_directives: tuple[str, ...] = ()
    job_script_prologue: tuple[str, ...] = ()


class ExperimentSettings(_Strict):
    """A grid of trainings: methods x amounts of full scans (`full`) x draws x seeds.

    data, split: which scans there are, and who trains; without `split`, participants.tsv and the
        fractions in `settings` decide. Of several splits each draw takes the next one in turn, so
        that every subject can be tested.
    test: scans from elsewhere to test on, in place of some of `data`: what is learned from one
        scanner, or one atlas, is only known to hold for others when it was tried there.
    partial: how training scans that are not drawn to stay full are labelled.
    full_subjects: of each draw in turn, the subjects that stay full; where an amount is larger than
        the number named, the others are drawn, and without it all are.
    settings: of all trainings; a method's own replace them, entry by entry.
    steps: of each training; where none is given, `settings` decides (epochs, slices_per_epoch).
    reference: the method that the others are compared with; the first one if not given.
    threads: of each cell, on the CPU. seconds_per_step: for the estimate, until there is a measure.
    """

    name: str
    title: str = ""
    data: Data
    split: (
        Annotated[tuple[FixedSplit, ...], BeforeValidator(_several), Field(min_length=1)] | None
    ) = None
    test: TestData | None = None
    partial: tuple[Partial, ...] = Field(min_length=1)
    full_subjects: tuple[tuple[str, ...], ...] = ()
    full: tuple[Amount, ...] = Field(min_length=1)
    draws: int = Field(default=1, ge=1)
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)
    methods: dict[str, Method] = Field(min_length=1)
    reference: str = ""
    steps: int | None = Field(default=None, ge=1)
    settings: dict[str, Any] = {}
    threads: int = Field(default=1, ge=1)
    seconds_per_step: float | None = Field(default=None, gt=0)
    slurm: Slurm = Slurm()

    @field_validator("partial")
    @classmethod
    def _the_last_takes_the_rest(cls, kinds: tuple[Partial, ...]) -> tuple[Partial, ...]:
        if [kind.subjects is None for kind in kinds] != [False] * (len(kinds) - 1) + [True]:
            raise ValueError("expected a number of subjects in each entry but the last")
        return kinds

    @model_validator(mode="after")
    def _something_is_tested(self) -> ExperimentSettings:
        if self.test is None and any(not split.test for split in self.split or ()):
            raise ValueError("a split names no subject to test; name some, or scans as `test`")
        return self

    @model_validator(mode="after")
    def _reference_is_a_method(self) -> ExperimentSettings:
        if self.reference and self.reference not in self.methods:
            raise ValueError(
                f"the reference '{self.reference}' is no method; choose one of "
                f"{', '.join(self.methods)}"
            )
        return self

    @model_validator(mode="after")
    def _others_stand_above(self) -> ExperimentSettings:
        above: list[str] = []
        for name, method in self.methods.items():
            if method.of is not None:
                if method.of not in above:
                    raise ValueError(f"'{name}' is of '{method.of}', which is no method above it")
                lacking = [one for one in self.amounts(name) if one not in self.amounts(method.of)]
                if lacking:
                    raise ValueError(
                        f"'{name}' is of '{method.of}', which has no {lacking[0]} full"
                    )
            above.append(name)
        return self

    @model_validator(mode="after")
    def _folders_differ(self) -> ExperimentSettings:
        folders: dict[str, str] = {}
        for name in self.methods:
            other = folders.setdefault(plain_name(name, "method").lower(), name)
            if other != name:
                raise ValueError(
                    f"the methods '{other}' and '{name}' would have one folder; rename one"
                )
        return self

    @model_validator(mode="after")
    def _can_be_trained(self) -> ExperimentSettings:
        cells = self.draws * len(self.seeds)
        TRAININGS.check(
            sum(
                cells * len(self.amounts(name)) * (method.ensemble or 1)
                for name, method in self.methods.items()
            ),
            "the grid has",
        )
        return self

    @property
    def compared_with(self) -> str:
        """The method that the others are compared with."""
        return self.reference or next(iter(self.methods))

    def amounts(self, method: str) -> tuple[Amount, ...]:
        """The amounts of full scans at which a method is measured."""
        chosen = self.methods[method]
        common = self.full if chosen.of is None else self.amounts(chosen.of)
        return chosen.full or common

    def trained(self, method: str) -> Method:
        """The method whose settings a method's models are trained with: itself, or one above."""
        chosen = self.methods[method]
        return chosen if chosen.of is None else self.trained(chosen.of)

    def train_config(self, method: str, dataset: Path, seed: int) -> TrainConfig:
        """The settings of one training. Raises UserError naming the first wrong field."""
        origin = f"the experiment '{self.name}', method '{method}'"
        chosen = self.trained(method)
        content = {**self.settings, **chosen.model_extra}
        decided = [name for name in _DECIDED if name in content]
        if decided:
            raise UserError(f"{origin}: {decided[0]} is set by the grid itself; leave it out.")
        content = {**content, "dataset": dataset, "name": method, "seed": seed}
        config = TrainConfig.checked(content, origin)
        steps = chosen.steps or self.steps
        if steps is None:
            return config
        a_step = config.batch_size * config.thickness
        slices = max(1, round(steps / config.epochs)) * a_step
        return config.model_copy(update={"slices_per_epoch": slices})


def checked_settings(content: Any, origin: str) -> ExperimentSettings:
    """Bring plain content into settings, and check those of every training in them.

    Raises UserError that names `origin`, the first wrong field and what was expected there.
    """
    if not isinstance(content, dict):
        raise UserError(f"{origin} holds no settings; see one of the presets for an example.")
    settings = checked(content, ExperimentSettings, origin)
    for method in settings.methods:
        try:
            settings.train_config(method, Path(), 0)
        except UserError as error:
            raise UserError(f"{origin}: {error}") from error
    return settings
