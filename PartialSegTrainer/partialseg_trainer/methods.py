"""What a training can be told to use, described for who has to choose.

Losses, strategies and networks themselves need PyTorch; whoever only offers them does not. Each
list is in the order in which to offer it, and the first entry is the default.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .files import read_json

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Method:
    """One way to learn from full and partial labels.

    `name` is what `TrainConfig.loss` takes, `title` and `description` are for clinicians.
    `needs_full` says that scans which are labelled in part are left out. `head` is what the
    network's channels are for it (see `models.Head`). In `equation`, x is the target, z the logits,
    y = sigmoid(z), p = softmax(z), C the number of labels.
    """

    name: str
    title: str
    description: str
    needs_full: bool
    head: str
    equation: str
    source: str


@dataclass(frozen=True)
class Strategy:
    """One way to put a training together.

    `name` is what `TrainConfig.strategy` takes, `title` and `description` are for clinicians.
    `needs_full` says that it does not work without a fully labelled scan, `needs_head` which `head`
    the method must have, None if it may be any, `outputs` how the network has its channels (see
    `models.Outputs`).
    """

    name: str
    title: str
    description: str
    needs_full: bool
    needs_head: str | None
    outputs: str
    source: str


@dataclass(frozen=True)
class Network:
    """A network, its size, and how it is trained.

    `settings` are the fields of TrainConfig that select it, with those that it needs otherwise than
    by default. `parameters` is counted with ten labels out. `dimensions` is 2 where it sees slices,
    3 where it sees blocks. `extra` is the extra of the package that brings what it is made of, None
    if nothing is needed.
    """

    title: str
    description: str
    parameters: int
    dimensions: int
    extra: str | None
    settings: dict[str, Any]


@dataclass(frozen=True)
class Sampling:
    """An order in which slices are shown; `name` is what `TrainConfig.sampling` takes."""

    name: str
    title: str
    description: str


@cache
def methods() -> tuple[Method, ...]:
    """All methods."""
    return tuple(Method(**entry) for entry in read_json(_FOLDER / "methods.json"))


@cache
def strategies() -> tuple[Strategy, ...]:
    """All strategies."""
    return tuple(Strategy(**entry) for entry in read_json(_FOLDER / "strategies.json"))


@cache
def networks() -> tuple[Network, ...]:
    """Networks in the sizes, and with the views, that are worth a choice."""
    return tuple(Network(**entry) for entry in read_json(_FOLDER / "networks.json"))


@cache
def samplings() -> tuple[Sampling, ...]:
    """All sampling orders."""
    return tuple(Sampling(**entry) for entry in read_json(_FOLDER / "samplings.json"))


def method_names() -> tuple[str, ...]:
    """The names of all methods."""
    return tuple(method.name for method in methods())


def strategy_names() -> tuple[str, ...]:
    """The names of all strategies."""
    return tuple(strategy.name for strategy in strategies())


def sampling_names() -> tuple[str, ...]:
    """The names of all sampling orders."""
    return tuple(sampling.name for sampling in samplings())
