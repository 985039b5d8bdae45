"""Class-adaptive loss: cross-entropy and Dice without the leaves that a scan lacks."""

from __future__ import annotations

import torch
from torch import Tensor

from .dice import mean_dice
from .label_set import LabelSetLoss, LeafProbabilities


class ClassAdaptive(LabelSetLoss):
    """Cross-entropy plus Dice of the leaves annotated in each image.

    Leaf k has weight w_k = 1 in an image if it is known whether k is there, S = {k} or k not in S,
    in every voxel of which anything is known, else 0. For each image,

        mean over voxels of -sum over k with S = {k} of w_k log p_k
        + (1 / L) sum over k of w_k (1 - 2 sum(p_k [S = {k}]) / (sum p_k^2 + sum [S = {k}])),

    the sums of the Dice over the voxels of which anything is known. One of the six strategies that
    Phitidis et al. compare (arXiv 2601.20503); divided by all L, so that the gradient of one leaf
    does not depend on how many others an image lacks.

    A weight a scan, not a voxel: where the parts of a super-label are unknown inside it alone, that
    they are known to be nowhere else goes unused. `marginal_ce+leaf_dice` uses it.
    """

    def of_leaves(self, leaves: LeafProbabilities) -> Tensor:
        possible, alone = leaves.possible, leaves.alone
        annotated = ~possible.all(1, keepdim=True)
        gaps = (possible & ~alone & annotated).flatten(2).any(2)
        weighed = ~gaps & annotated.flatten(1).any(1, keepdim=True)
        counted = weighed.view(*weighed.shape, *[1] * (possible.ndim - 2)) & annotated
        log_p = leaves.logits.log_softmax(1)
        entropy = -torch.where(counted & alone, log_p, 0.0).sum(1).flatten(1).mean(1)
        dice = mean_dice(log_p.masked_fill(~counted, -torch.inf), (counted & alone).to(log_p.dtype))
        # A leaf without weight counts 1 in the Dice, a constant.
        return (entropy + dice - (~weighed).to(dice.dtype).mean(1)).mean()
