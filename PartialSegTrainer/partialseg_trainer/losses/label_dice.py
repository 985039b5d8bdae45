"""Dice of every label, super-labels as sums of their leaves, where the label is known."""

from __future__ import annotations

import torch
from torch import Tensor

from .dice import known_dice
from .label_set import LabelSetLoss, LeafProbabilities


class LabelDice(LabelSetLoss):
    """`known_dice` of the labels' probabilities, P_l = sum of p over the leaves of l.

    A label-set loss: where l is known, all of S lies in l or nothing of it, so moving probability
    among the leaves of S leaves P_l as it is.
    """

    def of_leaves(self, leaves: LeafProbabilities) -> Tensor:
        of_labels = torch.einsum("bl...,cl->bc...", leaves.p, self.membership.to(leaves.p.dtype))
        return known_dice(of_labels, leaves.multilabel())
