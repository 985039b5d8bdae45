"""Losses for full and partial annotations, each under the one name by which it is selected."""

from __future__ import annotations

from ..errors import UserError
from ..labels import LabelScheme
from .codebook import Codebook
from .iuc import IgnoreUnobservedChild, IgnoreUnobservedChildDice, Supervised
from .marginal import MarginalCrossEntropy, MarginalCrossEntropyDice
from .partial import PartialLoss

_LOSSES: dict[str, type[PartialLoss]] = {
    "iuc": IgnoreUnobservedChild,
    "iuc+dice": IgnoreUnobservedChildDice,
    "supervised": Supervised,
    "marginal_ce": MarginalCrossEntropy,
    "marginal_ce+dice": MarginalCrossEntropyDice,
}

__all__ = ["Codebook", "PartialLoss", "build_loss", "loss_names"]


def loss_names() -> tuple[str, ...]:
    """The names that `build_loss` knows."""
    return tuple(_LOSSES)


def build_loss(name: str, scheme: LabelScheme) -> PartialLoss:
    """The loss of that name for a scheme.

    Raises UserError for a name that is not one of `loss_names()`.
    """
    if name not in _LOSSES:
        raise UserError(f"There is no loss '{name}'; choose one of {', '.join(_LOSSES)}.")
    return _LOSSES[name](scheme)
