"""Marginal cross-entropy that says nothing about the leaves inside of a set."""

from __future__ import annotations

import torch
from torch import Tensor

from .label_set import LabelSetLoss, LeafProbabilities
from .leaf_weights import LeafWeightOptions, weigh_voxels


class EvenCrossEntropy(LabelSetLoss):
    """-log P_S with a gradient that pushes every leaf of S alike.

    The gradient of marginal cross-entropy, p_k - [k in S] p_k / P_S, pushes each leaf of S in
    proportion to its own probability: whoever leads within a super-label gains, in all scans of
    which no more than the super-label is known, and nobody objects. Here it is

        p_k outside of S, and -(1 - P_S) / |S| for each k in S,

    so that the logits inside of S move together and the shares p_k / P_S stay as they are: S is
    learned, and which part of it is left to voxels that know. It is the average-based counterpart
    (Lv et al., ICML 2020, section 2) of the identification-based marginal loss, with the principle
    of IUC: what was not observed trains nothing. For a known leaf it is cross-entropy. The value is
    that of `marginal_ce`, with its `weights`; the gradient is not its derivative, on purpose.
    """

    Options = LeafWeightOptions
    options: LeafWeightOptions

    def of_leaves(self, leaves: LeafProbabilities) -> Tensor:
        value = -leaves.log_set.detach()
        # Not 1 - P_S, of which nothing is left where a network is sure.
        outside = torch.where(leaves.possible, 0.0, leaves.p.detach())
        inside = self._inside(leaves, outside.sum(1, keepdim=True))
        push = torch.where(leaves.possible, -inside, outside)
        moved = (push * leaves.logits).sum(1)
        of_voxels = value + moved - moved.detach()
        return weigh_voxels(of_voxels, leaves.possible, self.leaf_weights).mean()

    def _inside(self, leaves: LeafProbabilities, lacking: Tensor) -> Tensor:
        """(B, 1, ...) or (B, L, ...): what each leaf of S gets of 1 - P_S, (B, 1, ...)."""
        return lacking / leaves.possible.sum(1, keepdim=True)
