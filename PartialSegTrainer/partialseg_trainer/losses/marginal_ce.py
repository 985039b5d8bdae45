"""Marginal cross-entropy: the probability that the annotation leaves open, as high as can be."""

from __future__ import annotations

from torch import Tensor

from .label_set import LabelSetLoss, LeafProbabilities
from .leaf_weights import LeafWeightOptions, weigh_voxels


class MarginalCrossEntropy(LabelSetLoss):
    """Marginal cross-entropy, -log P_S (Fidon et al., MICCAI 2021, up to a constant).

    With p = softmax(z) over the leaves and S the leaves that a voxel may still be,

        -log P_S = logsumexp(z) - logsumexp(z over S),

    averaged over voxels. A voxel of which nothing is known gives 0. The constant left out is
    log |S|. With `weights`, a voxel counts as much as the leaves of S do in the mean (see
    `weigh_voxels`); it is not divided by their sum, as torch's cross-entropy is.
    """

    Options = LeafWeightOptions
    options: LeafWeightOptions

    def of_leaves(self, leaves: LeafProbabilities) -> Tensor:
        return -weigh_voxels(leaves.log_set, leaves.possible, self.leaf_weights).mean()
