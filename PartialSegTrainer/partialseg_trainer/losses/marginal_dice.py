"""Marginal Dice: the mean Dice of probabilities shared out over what a voxel may still be."""

from __future__ import annotations

from torch import Tensor

from .conversion import marginalise
from .dice import mean_dice
from .label_set import LabelSetLoss, LeafProbabilities


class MarginalDice(LabelSetLoss):
    """The mean Dice loss, converted to label sets (Fidon et al., MICCAI 2021).

        1 - mean over k of 2 sum(Phi_k g_k) / (sum Phi_k^2 + sum g_k^2),

    for each image, the sums over its voxels, with Phi and g as in `marginalise`. Voxels with
    several leaves in S are part of the sums of each, so where most voxels are unknown the others
    weigh little; `leaf_dice` has no such voxels.
    """

    def of_leaves(self, leaves: LeafProbabilities) -> Tensor:
        return mean_dice(*marginalise(leaves.logits, leaves.possible)).mean()
