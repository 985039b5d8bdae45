"""Leaf-Dice: Dice of the leaves over the voxels where a leaf is known."""

from __future__ import annotations

import torch
from torch import Tensor

from .conversion import labelled_leaves
from .dice import mean_dice
from .label_set import LabelSetLoss


class LeafDice(LabelSetLoss):
    """The leaf-Dice (Fidon et al., MICCAI 2021).

        1 - mean over k of 2 sum(p_k [S = {k}]) / (sum p_k^2 + number of voxels with S = {k}),

    for each image; the sum of p_k^2 runs over the voxels with S = {k} or k not in S, for the
    reason given in `labelled_leaves`. A leaf that an image has no voxel of gets no gradient from
    it, and an image without any such voxel gives 0. It says nothing about super-labels: use it in
    a sum with `marginal_ce` or `marginal_focal`, as the paper does.
    """

    def _of_leaf_sets(self, logits: Tensor, possible: Tensor) -> Tensor:
        log_p, g = labelled_leaves(logits, possible)
        return torch.where(g.flatten(1).any(1), mean_dice(log_p, g), 0.0).mean()
