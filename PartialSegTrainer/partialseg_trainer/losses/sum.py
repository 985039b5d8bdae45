"""Several losses of the same logits, added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from ..labels import LabelScheme
from .label_set import LabelSetLoss, LeafProbabilities
from .options import LossOptions


class SumOptions(LossOptions):
    """`terms`: what each part is multiplied with, in the order of the name; 1 unless given."""

    terms: tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...] = ()


class Sum(LabelSetLoss):
    """The weighted sum of losses over a softmax of leaves."""

    Options = SumOptions
    options: SumOptions

    def __init__(
        self, scheme: LabelScheme, parts: Sequence[LabelSetLoss], options: SumOptions | None = None
    ):
        super().__init__(scheme, options)
        self.parts = nn.ModuleList(parts)
        self.terms = self.options.terms or (1.0,) * len(parts)

    def of_leaves(self, leaves: LeafProbabilities) -> Tensor:
        parts = zip(self.terms, self.parts, strict=True)
        return sum(
            part.of_leaves(leaves) if term == 1 else term * part.of_leaves(leaves)
            for term, part in parts
        )
