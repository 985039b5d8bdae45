"""Label-set losses over a softmax of leaves: a parent is the sum of its parts by construction."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import UserError
from .codebook import Codebook
from .dice import known_dice
from .partial import PartialLoss, precise


class MarginalCrossEntropy(PartialLoss):
    """Marginal cross-entropy, -log P_S (Fidon et al., MICCAI 2021, up to a constant).

    With p = softmax(z) over the leaves and S the leaves that a voxel may still be,

        -log P_S = logsumexp(z) - logsumexp(z over S),

    averaged over voxels. A voxel of which nothing is known gives 0.
    """

    head = "leaves"

    def of_codes(self, logits: Tensor, codes: Tensor, codebook: Codebook) -> Tensor:
        return self._of_leaf_sets(precise(logits), codebook.possible_leaves(codes))

    def _of_multilabel(self, logits: Tensor, target: Tensor) -> Tensor:
        possible = possible_leaves(target, self.membership)
        if not possible.any(1).all():
            raise UserError(
                "The target contradicts the scheme's hierarchy in some voxels: no leaf agrees with "
                "their 0, 1 and 2; make it with LabelSets, which names the labels and places."
            )
        return self._of_leaf_sets(precise(logits), possible)

    def _of_leaf_sets(self, logits: Tensor, possible: Tensor) -> Tensor:
        within = logits.masked_fill(~possible, -torch.inf)
        return (torch.logsumexp(logits, 1) - torch.logsumexp(within, 1)).mean()


class MarginalCrossEntropyDice(MarginalCrossEntropy):
    """Marginal cross-entropy plus `known_dice` of the labels' probabilities, sums of leaves."""

    def of_codes(self, logits: Tensor, codes: Tensor, codebook: Codebook) -> Tensor:
        entropy = super().of_codes(logits, codes, codebook)
        return entropy + self._dice(precise(logits), codebook.multilabel(codes))

    def _of_multilabel(self, logits: Tensor, target: Tensor) -> Tensor:
        return super()._of_multilabel(logits, target) + self._dice(precise(logits), target)

    def _dice(self, logits: Tensor, target: Tensor) -> Tensor:
        probabilities = torch.einsum(
            "bl...,cl->bc...", logits.softmax(1), self.membership.to(logits.dtype)
        )
        return known_dice(probabilities, target)


def possible_leaves(target: Tensor, membership: Tensor) -> Tensor:
    """(B, L, ...) bool: the leaves that agree with a (B, C, ...) target of 0, 1 and 2.

    Args:
        membership: (C, L) bool, the leaves of each label.
    """
    leaves = membership.float()
    against = torch.einsum("bc...,cl->bl...", (target == 1).float(), 1 - leaves)
    against += torch.einsum("bc...,cl->bl...", (target == 0).float(), leaves)
    return against == 0
