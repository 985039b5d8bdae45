"""Leaf-Dice: Dice of the leaves over the voxels where a leaf is known."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from .label_set import LabelSetLoss, LeafProbabilities
from .leaf_weights import LeafWeightOptions, weighted_mean


class DiceOptions(LeafWeightOptions):
    """`squared`: whether p_k counts by its square in the denominator (Milletari et al., 3DV 2016).
    `batch`: whether sums run over all images of a batch together, so that a small structure which
    few of them show counts once. `weights`: of the leaves in the mean, by their names.
    """

    squared: bool = True
    batch: bool = False


class LeafDiceOptions(DiceOptions):
    """`denominator`: whether p_k counts where it is "known" whether the leaf is there, or, as Fidon
    et al. have it, in "all" voxels of which anything is known.
    """

    denominator: Literal["known", "all"] = "known"


class LeafDice(LabelSetLoss):
    """The leaf-Dice (Fidon et al., MICCAI 2021).

        1 - mean over k of 2 sum(p_k [S = {k}]) / (sum p_k^2 + number of voxels with S = {k}),

    for each image; the sum of p_k^2 runs over the voxels with S = {k} or k not in S, for the
    reason given in `labelled_leaves`. A leaf that an image has no voxel of gets no gradient from
    it, and an image without any such voxel gives 0. It says nothing about super-labels: use it in
    a sum with `marginal_ce` or `marginal_focal`, as the paper does.
    """

    Options = LeafDiceOptions
    options: LeafDiceOptions

    def of_leaves(self, leaves: LeafProbabilities) -> Tensor:
        # As `mean_dice` of `labelled_leaves`, in half the time, because nothing is kept as numbers
        # that is only true or false.
        voxels = tuple(range(2, leaves.p.ndim))
        if self.options.batch:
            voxels = (0, *voxels)
        if self.options.denominator == "known":
            counts = leaves.alone | ~leaves.possible
        else:
            counts = ~leaves.possible.all(1, keepdim=True)
        overlap = torch.where(leaves.alone, leaves.p, 0.0).sum(voxels)
        counted = torch.where(counts, leaves.p, 0.0)
        sizes = (counted.square() if self.options.squared else counted).sum(voxels)
        labelled = leaves.alone.sum(voxels)
        dice = 2 * overlap / (sizes + labelled + 1e-8)
        loss = 1 - weighted_mean(dice, self.leaf_weights)
        return torch.where(labelled.any(-1), loss, 0.0).mean()
