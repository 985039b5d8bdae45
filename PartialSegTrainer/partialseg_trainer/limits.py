"""How much a file may ask for before it is refused: generous, named, and the user's to raise."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

from .errors import UserError


@dataclass(frozen=True)
class Limit:
    """The most that is taken of one thing, in `unit`.

    It is `usual`, or what the environment variable `variable` says.
    """

    variable: str
    usual: float
    unit: str

    @property
    def value(self) -> float:
        """The most that is taken. Raises UserError where the variable holds no number above 0."""
        text = os.environ.get(self.variable, "").strip()
        if not text:
            return self.usual
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not value > 0:
            raise UserError(
                f"The environment variable {self.variable} is '{text}', where a number above 0 was "
                f"expected; its usual value is {self.usual:g}."
            )
        return value

    def check(self, amount: float, what: str) -> None:
        """Raise UserError where `amount` is more; `what` begins the sentence and takes it."""
        if not amount <= self.value:
            raise UserError(
                f"{what} {_short(amount)} {self.unit}, where at most {self.value:,g} are taken; "
                f"check it, or allow more with the environment variable {self.variable}."
            )


IMAGE_GB = Limit("PARTIALSEG_MAX_IMAGE_GB", 4, "GB")
"""What a scan or labelmap takes in memory, unpacked, and what its file has; 10^9 bytes each."""

GRID = Limit("PARTIALSEG_MAX_MEGAVOXELS", 500, "million voxels")
"""The voxels of a scan at the spacing that a network sees it with: a cube of 800 a side."""

TEXT_MB = Limit("PARTIALSEG_MAX_TEXT_MB", 64, "MB")
"""A JSON, YAML or table file; an MB is 10^6 bytes."""

YAML_MB = Limit("PARTIALSEG_MAX_YAML_MB", 1, "MB")
"""A YAML file, of which a megabyte takes half a minute to read."""

YAML_VALUES = Limit("PARTIALSEG_MAX_YAML_VALUES", 100_000, "values")
"""The values of a YAML file, each counted as often as aliases repeat it."""

LABELS = Limit("PARTIALSEG_MAX_LABELS", 1000, "labels")
"""The labels of a scheme."""

SUBJECTS = Limit("PARTIALSEG_MAX_SUBJECTS", 10_000, "subjects")
"""The phantoms, or copies of a scan, that one request makes."""

TRAININGS = Limit("PARTIALSEG_MAX_TRAININGS", 10_000, "trainings")
"""The trainings of an experiment."""

MODEL_GB = Limit("PARTIALSEG_MAX_MODEL_GB", 4, "GB")
"""A packed model, unpacked; 10^9 bytes each."""

ALL = (IMAGE_GB, GRID, TEXT_MB, YAML_MB, YAML_VALUES, LABELS, SUBJECTS, TRAININGS, MODEL_GB)


def _short(amount: float) -> str:
    try:
        return f"{amount:,.3g}" if amount >= 1000 else f"{amount:.3g}"
    except OverflowError:  # A whole number beyond what a float holds.
        return "far more than 10^300"
