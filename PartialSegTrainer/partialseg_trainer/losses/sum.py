"""Several losses of the same logits, added."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ..labels import LabelScheme
from .label_set import LabelSetLoss, LeafProbabilities


class Sum(LabelSetLoss):
    """The unweighted sum of losses over a softmax of leaves."""

    def __init__(self, scheme: LabelScheme, parts: Sequence[LabelSetLoss]):
        super().__init__(scheme)
        self.parts = nn.ModuleList(parts)

    def of_leaves(self, leaves: LeafProbabilities) -> Tensor:
        return sum(part.of_leaves(leaves) for part in self.parts)
