"""The methods that a training can be told to use, described for who has to choose one.

The losses and strategies themselves need PyTorch; whoever only offers them does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .files import read_json

_FOLDER = Path(__file__).parent


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


@dataclass(frozen=True)
class Strategy:
    """One way to put a training together, with any loss.

    `name` is what `TrainConfig.strategy` takes, `title` and `description` are for clinicians.
    `needs_full` says that it does not work without a fully labelled scan.
    """

    name: str
    title: str
    description: str
    needs_full: bool
    source: str


@cache
def methods() -> tuple[Method, ...]:
    """All methods, in the order in which to offer them; the first is the default."""
    return tuple(Method(**entry) for entry in read_json(_FOLDER / "methods.json"))


def method_names() -> tuple[str, ...]:
    """The names of all methods."""
    return tuple(method.name for method in methods())


@cache
def strategies() -> tuple[Strategy, ...]:
    """All strategies, in the order in which to offer them; the first is the default."""
    return tuple(Strategy(**entry) for entry in read_json(_FOLDER / "strategies.json"))


def strategy_names() -> tuple[str, ...]:
    """The names of all strategies."""
    return tuple(strategy.name for strategy in strategies())
