"""Losses for full and partial annotations, each under the one name by which it is selected."""

from __future__ import annotations

from typing import Any

from ..errors import UserError
from ..files import checked
from ..labels import LabelScheme
from ..models import Head
from .class_adaptive import ClassAdaptive
from .codebook import Codebook
from .conversion import Converted, labelled_leaves, marginalise
from .even_ce import EvenCrossEntropy
from .huc import HighestUnobservedChild
from .iuc import IgnoreUnobservedChild, IgnoreUnobservedChildDice, Supervised
from .label_dice import LabelDice
from .leaf_dice import LeafDice
from .marginal_ce import MarginalCrossEntropy
from .marginal_dice import MarginalDice
from .marginal_focal import MarginalFocal
from .merged_dice import MergedDice
from .multitalent import MultiTalent
from .options import LossOptions
from .partial import PartialLoss
from .sum import Sum, SumOptions
from .tree_ce import TreeCrossEntropy
from .weight import Weight
from .wnorm import WeightNormalised

_LOSSES: dict[str, type[PartialLoss]] = {
    "iuc": IgnoreUnobservedChild,
    "iuc+dice": IgnoreUnobservedChildDice,
    "iu": IgnoreUnobservedChild,  # what the reference's code calls it
    "huc": HighestUnobservedChild,
    "weight": Weight,
    "wnorm": WeightNormalised,
    "multitalent": MultiTalent,
    "marginal_ce": MarginalCrossEntropy,
    "even_ce": EvenCrossEntropy,
    "tree_ce": TreeCrossEntropy,
    "marginal_dice": MarginalDice,
    "marginal_focal": MarginalFocal,
    "leaf_dice": LeafDice,
    "merged_dice": MergedDice,
    "class_adaptive": ClassAdaptive,
    "dice": LabelDice,
    "supervised": Supervised,
}
# Any sum of losses over leaves can be built; these are the ones to choose from in a list.
_SUMS = (
    "even_ce+leaf_dice",
    "marginal_ce+dice",
    "marginal_ce+leaf_dice",
    "marginal_ce+merged_dice",
    "marginal_focal+leaf_dice",
    "tree_ce+leaf_dice",
)

__all__ = [
    "Codebook",
    "Converted",
    "PartialLoss",
    "build_loss",
    "check_loss",
    "labelled_leaves",
    "loss_head",
    "loss_names",
    "marginalise",
]


def loss_names() -> tuple[str, ...]:
    """The losses to choose from; `build_loss` knows other sums "a+b" of losses over leaves too."""
    return (*_LOSSES, *_SUMS)


def build_loss(name: str, scheme: LabelScheme, **options: Any) -> PartialLoss:
    """The loss of that name for a scheme.

    Args:
        name: one of `loss_names()`, or losses over a softmax of leaves joined by "+".
        options: fields of the loss's `Options`; of a sum, each goes to every part that has it, but
            for its own, `terms`.

    Raises UserError for a name that is none of these, and for an option that the loss does not
    have or a value that it does not take.
    """
    parts = [kind(scheme, chosen) for kind, chosen in _chosen(name, options)]
    return parts[0] if len(parts) == 1 else Sum(scheme, parts, _of_the_sum(name, options))


def check_loss(name: str, **options: Any) -> None:
    """Raise the UserError that `build_loss` would, where no scheme is at hand yet."""
    if len(_chosen(name, options)) > 1:
        _of_the_sum(name, options)


def loss_head(name: str) -> Head:
    """What the network's channels are for a loss. Raises UserError as `check_loss` does."""
    return _kinds(name)[0].head


def _chosen(name: str, options: dict[str, Any]) -> list[tuple[type[PartialLoss], LossOptions]]:
    """The loss, or the parts of the sum, and the options of each."""
    kinds = _kinds(name)
    takers = kinds if len(kinds) == 1 else [*kinds, Sum]
    known = sorted({field for kind in takers for field in kind.Options.model_fields})
    for option in options:
        if option not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise UserError(f"The loss '{name}' has no option '{option}'; {has}.")
    origin = f"the options of the loss '{name}'"
    return [(kind, checked(_own(options, kind), kind.Options, origin)) for kind in kinds]


def _of_the_sum(name: str, options: dict[str, Any]) -> SumOptions:
    chosen = checked(_own(options, Sum), SumOptions, f"the options of the loss '{name}'")
    count = name.count("+") + 1
    if chosen.terms and len(chosen.terms) != count:
        raise UserError(
            f"The loss '{name}' has {count} parts, but terms has {len(chosen.terms)} numbers; give "
            "one for each part."
        )
    return chosen


def _own(options: dict[str, Any], kind: type[PartialLoss]) -> dict[str, Any]:
    return {name: options[name] for name in kind.Options.model_fields if name in options}


def _kinds(name: str) -> list[type[PartialLoss]]:
    if name in _LOSSES:
        return [_LOSSES[name]]
    parts = name.split("+")
    unknown = [part for part in parts if part not in _LOSSES]
    if unknown:
        raise UserError(
            f"There is no loss '{unknown[0]}'; choose one of {', '.join(loss_names())}."
        )
    other = [part for part in parts if _LOSSES[part].head != "leaves"]
    if other:
        raise UserError(
            f"The loss '{name}' adds '{other[0]}', which is not over a softmax of leaves; only "
            f"{', '.join(part for part in _LOSSES if _LOSSES[part].head == 'leaves')} can be added."
        )
    return [_LOSSES[part] for part in parts]
