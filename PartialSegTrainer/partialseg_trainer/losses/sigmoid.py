"""Losses of one sigmoid a label, which tell a super-label and its parts apart by channel."""

from __future__ import annotations

import torch
from torch import Tensor

from ..labels import LabelScheme
from .binary_entropy import BinaryEntropy
from .codebook import Codebook
from .options import LossOptions
from .partial import PartialLoss


class SigmoidLoss(PartialLoss):
    """A loss over the C labels, y = sigmoid(z), each with a weight w_l in its cross-entropy.

    The weights are 1, as in the papers, unless `weigh_labels` was called.
    """

    head = "labels"

    def __init__(self, scheme: LabelScheme, options: LossOptions | None = None):
        super().__init__(scheme, options)
        self.register_buffer("label_weights", torch.ones(len(scheme)), persistent=False)

    def weigh_labels(self, weights: Tensor) -> None:
        """Set w_l, (C,). They scale a label's yes and no alike, so no optimum moves."""
        self.label_weights.copy_(weights)

    def of_codes(self, logits: Tensor, codes: Tensor, codebook: Codebook) -> Tensor:
        return self._of_multilabel(logits, codebook.multilabel(codes))

    def _of_known(self, logits: Tensor, codes: Tensor, codebook: Codebook) -> Tensor:
        """(1 / C) sum over known l of w_l BCE(x_l, y_l), averaged over voxels, from codes."""
        signs = 1 - 2 * (codebook.values == 1).to(logits.dtype)
        weights = (codebook.values != 2) * self.label_weights.to(logits.dtype) / logits.numel()
        return BinaryEntropy.apply(logits, codes, signs, weights)

    def _weights_like(self, logits: Tensor) -> Tensor:
        """w_l in a shape that multiplies (B, C, ...)."""
        return self.label_weights.to(logits.dtype).view(-1, *[1] * (logits.ndim - 2))
