"""Leaf-Dice: Dice of the leaves over the voxels where a leaf is known."""

from __future__ import annotations

import torch
from torch import Tensor

from .label_set import LabelSetLoss, LeafProbabilities


class LeafDice(LabelSetLoss):
    """The leaf-Dice (Fidon et al., MICCAI 2021).

        1 - mean over k of 2 sum(p_k [S = {k}]) / (sum p_k^2 + number of voxels with S = {k}),

    for each image; the sum of p_k^2 runs over the voxels with S = {k} or k not in S, for the
    reason given in `labelled_leaves`. A leaf that an image has no voxel of gets no gradient from
    it, and an image without any such voxel gives 0. It says nothing about super-labels: use it in
    a sum with `marginal_ce` or `marginal_focal`, as the paper does.
    """

    def of_leaves(self, leaves: LeafProbabilities) -> Tensor:
        # As `mean_dice` of `labelled_leaves`, in half the time, because nothing is kept as numbers
        # that is only true or false.
        voxels = tuple(range(2, leaves.p.ndim))
        overlap = torch.where(leaves.alone, leaves.p, 0.0).sum(voxels)
        counted = torch.where(leaves.alone | ~leaves.possible, leaves.p, 0.0)
        labelled = leaves.alone.sum(voxels)
        dice = 2 * overlap / (counted.square().sum(voxels) + labelled + 1e-8)
        return torch.where(labelled.any(1), 1 - dice.mean(1), 0.0).mean()
