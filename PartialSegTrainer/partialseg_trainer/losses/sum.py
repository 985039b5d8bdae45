"""Several losses of the same logits, added."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ..labels import LabelScheme
from .codebook import Codebook
from .partial import PartialLoss


class Sum(PartialLoss):
    """The unweighted sum of losses over a softmax of leaves."""

    head = "leaves"

    def __init__(self, scheme: LabelScheme, parts: Sequence[PartialLoss]):
        super().__init__(scheme)
        self.parts = nn.ModuleList(parts)

    def of_codes(self, logits: Tensor, codes: Tensor, codebook: Codebook) -> Tensor:
        return sum(part.of_codes(logits, codes, codebook) for part in self.parts)

    def _of_multilabel(self, logits: Tensor, target: Tensor) -> Tensor:
        return sum(part._of_multilabel(logits, target) for part in self.parts)
