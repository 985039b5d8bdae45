"""Marginal cross-entropy that says nothing about the parts of a super-label."""

from __future__ import annotations

import torch
from torch import Tensor

from ..labels import LabelScheme
from .even_ce import EvenCrossEntropy
from .label_set import LeafProbabilities
from .leaf_weights import LeafWeightOptions


class TreeCrossEntropy(EvenCrossEntropy):
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

    def __init__(self, scheme: LabelScheme, options: LeafWeightOptions | None = None):
        super().__init__(scheme, options)
        groups = [self.membership[scheme.index(root)] for root in _roots(scheme)]
        # What lies outside of every label stands for itself.
        groups.append(~torch.stack(groups).any(0))
        self.register_buffer("groups", torch.stack(groups).float(), persistent=False)

    def _inside(self, leaves: LeafProbabilities, lacking: Tensor) -> Tensor:
        # Not p / P_S, of which nothing is left where a network is sure of what is wrong.
        within = torch.where(leaves.possible, leaves.logits.detach(), -torch.inf).softmax(1)
        of_groups = self._summed(within)
        of_groups /= self._summed(leaves.possible.to(within.dtype)).clamp_min(1)
        return lacking * torch.einsum("bg...,gl->bl...", of_groups, self.groups.to(within.dtype))

    def _summed(self, of_leaves: Tensor) -> Tensor:
        """(B, G, ...) the sums over the leaves of each group."""
        return torch.einsum("bl...,gl->bg...", of_leaves, self.groups.to(of_leaves.dtype))


def _roots(scheme: LabelScheme) -> list[str]:
    return [label.name for label in scheme if label.parent is None]
