"""Marginal cross-entropy that says nothing about the parts of a super-label."""

from __future__ import annotations

import torch
from torch import Tensor

from ..labels import LabelScheme
from .label_set import LabelSetLoss, LeafProbabilities
from .options import LossOptions


class TreeCrossEntropy(LabelSetLoss):
    """-log P_S with the gradient of a tree: in proportion between top-level labels, even below.

    Between labels of the top level the gradient is that of marginal cross-entropy: "none of the
    cerebrum" speaks to whatever of the rest is likely there, and leaves alone what is not. Within
    one of them it is that of `even_ce`: "cerebrum" moves the logits of its parts together, so that
    which part it is stays to voxels that know. With g the leaves of S under one top-level label
    and P_g their summed probability, the gradient is

        p_k outside of S, and -(1 - P_S) (P_g / P_S) / |g| for each k in g.

    That is what "it is cerebrum" does to a softmax over the top level with one within each
    super-label (WordTree; Redmon and Farhadi, CVPR 2017), without changing the network's head. The
    value is that of `marginal_ce`; the gradient is not its derivative, on purpose.
    """

    def __init__(self, scheme: LabelScheme, options: LossOptions | None = None):
        super().__init__(scheme, options)
        groups = [self.membership[scheme.index(root)] for root in _roots(scheme)]
        # What lies outside of every label stands for itself.
        groups.append(~torch.stack(groups).any(0))
        self.register_buffer("groups", torch.stack(groups).float(), persistent=False)

    def of_leaves(self, leaves: LeafProbabilities) -> Tensor:
        value = -leaves.log_set.detach()
        # Not 1 - P_S, of which nothing is left where a network is sure.
        outside = torch.where(leaves.possible, 0.0, leaves.p.detach())
        # Not p / P_S, of which nothing is left where a network is sure of what is wrong.
        within = torch.where(leaves.possible, leaves.logits.detach(), -torch.inf).softmax(1)
        # (B, G, ...): what each of a group's leaves in S gets of what S lacks.
        share = self._summed(within) / self._summed(leaves.possible.to(within.dtype)).clamp_min(1)
        share = share * outside.sum(1, keepdim=True)
        push = torch.where(leaves.possible, -self._spread(share), outside)
        moved = (push * leaves.logits).sum(1)
        return (value + moved - moved.detach()).mean()

    def _summed(self, of_leaves: Tensor) -> Tensor:
        """(B, G, ...) the sums over the leaves of each group."""
        return torch.einsum("bl...,gl->bg...", of_leaves, self.groups.to(of_leaves.dtype))

    def _spread(self, of_groups: Tensor) -> Tensor:
        """(B, L, ...) for each leaf what its group has."""
        return torch.einsum("bg...,gl->bl...", of_groups, self.groups.to(of_groups.dtype))


def _roots(scheme: LabelScheme) -> list[str]:
    return [label.name for label in scheme if label.parent is None]
