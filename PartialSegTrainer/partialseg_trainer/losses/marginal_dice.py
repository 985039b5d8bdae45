"""Marginal Dice: the mean Dice of probabilities shared out over what a voxel may still be."""

from __future__ import annotations

import torch
from torch import Tensor

from .label_set import LabelSetLoss, LeafProbabilities
from .leaf_dice import DiceOptions
from .leaf_weights import weighted_mean


class MarginalDice(LabelSetLoss):
    """The mean Dice loss, converted to label sets (Fidon et al., MICCAI 2021).

        1 - mean over k of 2 sum(Phi_k g_k) / (sum Phi_k^2 + sum g_k^2),

    for each image, the sums over its voxels, with Phi and g as in `marginalise`. Voxels with
    several leaves in S are part of the sums of each, so where most voxels are unknown the others
    weigh little; `leaf_dice` has no such voxels. The options are those of a Dice; without
    `squared`, Phi and g themselves are in the denominator.
    """

    Options = DiceOptions
    options: DiceOptions

    def of_leaves(self, leaves: LeafProbabilities) -> Tensor:
        # As `mean_dice` of `marginalise`, without its logarithms: a Dice takes no harm from a P_S
        # that underflows.
        possible, p = leaves.possible, leaves.p
        size = possible.sum(1, keepdim=True).to(p.dtype)
        share = torch.where(possible, p, 0.0).sum(1, keepdim=True) / size
        voxels = tuple(range(2, p.ndim))
        if self.options.batch:
            voxels = (0, *voxels)
        power = 2 if self.options.squared else 1
        overlap = torch.where(possible, share / size, 0.0).sum(voxels)
        target = torch.where(possible, size**-power, 0.0).sum(voxels)
        sizes = (torch.where(possible, share, p) ** power).sum(voxels) + target
        return (1 - weighted_mean(2 * overlap / (sizes + 1e-8), self.leaf_weights)).mean()
