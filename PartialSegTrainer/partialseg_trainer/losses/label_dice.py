"""Dice of every label, super-labels as sums of their leaves, where the label is known."""

from __future__ import annotations

import torch
from torch import Tensor

from .codebook import Codebook
from .dice import known_dice
from .partial import PartialLoss, precise


class LabelDice(PartialLoss):
    """`known_dice` of the labels' probabilities, P_l = sum of p over the leaves of l.

    A label-set loss: where l is known, all of S lies in l or nothing of it, so moving probability
    among the leaves of S leaves P_l as it is.
    """

    head = "leaves"

    def of_codes(self, logits: Tensor, codes: Tensor, codebook: Codebook) -> Tensor:
        return self._of_multilabel(logits, codebook.multilabel(codes))

    def _of_multilabel(self, logits: Tensor, target: Tensor) -> Tensor:
        p = precise(logits).softmax(1)
        return known_dice(torch.einsum("bl...,cl->bc...", p, self.membership.to(p.dtype)), target)
