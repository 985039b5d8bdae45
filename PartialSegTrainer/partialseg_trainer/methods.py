"""The methods that a training can be told to use, described for who has to choose one.

The losses themselves need PyTorch; whoever only offers them does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .files import read_json


@dataclass(frozen=True)
class Method:
    """One way to learn from full and partial labels.

    `name` is what `TrainConfig.loss` takes, `title` and `description` are for clinicians.
    `needs_full` says that scans which are labelled in part are left out. In `equation`, x is the
    target, z the logits, y = sigmoid(z), p = softmax(z), C the number of labels.
    """

    name: str
    title: str
    description: str
    needs_full: bool
    equation: str
    source: str


@cache
def methods() -> tuple[Method, ...]:
    """All methods, in the order in which to offer them; the first is the default."""
    entries = read_json(Path(__file__).with_suffix(".json"))
    return tuple(Method(**entry) for entry in entries)


def method_names() -> tuple[str, ...]:
    """The names of all methods."""
    return tuple(method.name for method in methods())
