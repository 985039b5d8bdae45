"""A finding of the check of a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Problem:
    """What is wrong with one file, in one sentence that says what to do.

    `file` is relative to the dataset's folder. An error makes the case or the dataset useless for
    training; a warning does not.
    """

    file: str
    message: str
    severity: Literal["error", "warning"] = "error"
