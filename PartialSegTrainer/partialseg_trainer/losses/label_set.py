"""Losses over a softmax of leaves: a super-label is the sum of its parts by construction."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from ..errors import UserError
from .codebook import Codebook
from .partial import PartialLoss, precise


class LabelSetLoss(PartialLoss):
    """A loss of p = softmax(z) over the leaves and of the sets S of leaves still possible.

    It depends on p only through what the annotation can tell apart: moving probability among the
    leaves of a voxel's S changes nothing (Fidon et al., MICCAI 2021).
    """

    head = "leaves"

    def of_codes(self, logits: Tensor, codes: Tensor, codebook: Codebook) -> Tensor:
        """Raises UserError when no code of the book is down to one leaf: nothing is to be learned
        of which leaf is which.
        """
        if not codebook.knows_a_leaf:
            raise UserError(
                f"The annotations tell no leaf of scheme '{self.scheme.name}' from the others "
                f"anywhere; annotate some structure down to one of "
                f"{', '.join(self.scheme.leaf_names)}."
            )
        return self._of_leaf_sets(precise(logits), codebook.possible_leaves(codes))

    def _of_multilabel(self, logits: Tensor, target: Tensor) -> Tensor:
        possible = possible_leaves(target, self.membership)
        if not possible.any(1).all():
            raise UserError(
                "The target contradicts the scheme's hierarchy in some voxels: no leaf agrees with "
                "their 0, 1 and 2; make it with LabelSets, which names the labels and places."
            )
        return self._of_leaf_sets(precise(logits), possible)

    @abstractmethod
    def _of_leaf_sets(self, logits: Tensor, possible: Tensor) -> Tensor:
        """The loss of (B, L, ...) logits in full precision and (B, L, ...) bool S."""


def possible_leaves(target: Tensor, membership: Tensor) -> Tensor:
    """(B, L, ...) bool: the leaves that agree with a (B, C, ...) target of 0, 1 and 2.

    Args:
        membership: (C, L) bool, the leaves of each label.
    """
    leaves = membership.float()
    against = torch.einsum("bc...,cl->bl...", (target == 1).float(), 1 - leaves)
    against += torch.einsum("bc...,cl->bl...", (target == 0).float(), leaves)
    return against == 0


def log_probability(logits: Tensor, possible: Tensor) -> Tensor:
    """(B, ...) log P_S, the log of the summed probability of the leaves of S."""
    # Not `masked_fill`, which takes twice as long where the channels lie last.
    within = torch.where(possible, logits, -torch.inf)
    return torch.logsumexp(within, 1) - torch.logsumexp(logits, 1)
