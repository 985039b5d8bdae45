"""Losses over a softmax of leaves: a super-label is the sum of its parts by construction."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor

from ..errors import UserError
from ..labels import LabelScheme
from .codebook import Codebook
from .leaf_weights import leaf_weights
from .options import LossOptions
from .partial import PartialLoss, precise


class LeafProbabilities:
    """p = softmax(z) over the leaves beside the sets S of leaves that a voxel may still be.

    What several losses of a sum need of them is computed once, when the first one asks for it.

    Args:
        logits: (B, L, ...) z, any floating type; kept in full precision.
        possible: (B, L, ...) bool, S.
        multilabel: gives the same as (B, C, ...) uint8 of 0, 1, 2, for losses of labels.
    """

    def __init__(self, logits: Tensor, possible: Tensor, multilabel: Callable[[], Tensor]):
        self.multilabel = multilabel
        # Leaf by leaf in memory: sums over the leaves of a voxel then take half the time.
        self.logits, self.possible = precise(logits).contiguous(), possible.contiguous()

    @cached_property
    def p(self) -> Tensor:
        """(B, L, ...) p."""
        return self.logits.softmax(1)

    @cached_property
    def log_set(self) -> Tensor:
        """(B, ...) log P_S, the log of the summed probability of the leaves of S."""
        # A GPU would have to be waited for to know what it found.
        if self.logits.device.type == "cpu":
            inside = torch.where(self.possible, self.p, 0.0).sum(1)
            # A network that is this sure of what is wrong is rare.
            if (inside > 1e-26).all():
                return inside.log()
        return log_probability(self.logits, self.possible)

    @cached_property
    def alone(self) -> Tensor:
        """(B, L, ...) bool: whether S = {k}."""
        return alone(self.possible)


class LabelSetLoss(PartialLoss):
    """A loss of p = softmax(z) over the leaves and of the sets S of leaves still possible.

    It depends on p only through what the annotation can tell apart: moving probability among the
    leaves of a voxel's S changes nothing (Fidon et al., MICCAI 2021).
    """

    head = "leaves"
    leaf_weights: Tensor | None

    def __init__(self, scheme: LabelScheme, options: LossOptions | None = None):
        super().__init__(scheme, options)
        weights = leaf_weights(scheme, getattr(self.options, "weights", {}))
        self.register_buffer("leaf_weights", weights, persistent=False)

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
        possible = codebook.possible_leaves(codes)
        return self.of_leaves(
            LeafProbabilities(logits, possible, lambda: codebook.multilabel(codes))
        )

    def _of_multilabel(self, logits: Tensor, target: Tensor) -> Tensor:
        possible = possible_leaves(target, self.membership)
        if not possible.any(1).all():
            raise UserError(
                "The target contradicts the scheme's hierarchy in some voxels: no leaf agrees with "
                "their 0, 1 and 2; make it with LabelSets, which names the labels and places."
            )
        return self.of_leaves(LeafProbabilities(logits, possible, lambda: target))

    @abstractmethod
    def of_leaves(self, leaves: LeafProbabilities) -> Tensor:
        """The loss of what a network says of the leaves, and what the annotation leaves open."""


def possible_leaves(target: Tensor, membership: Tensor) -> Tensor:
    """(B, L, ...) bool: the leaves that agree with a (B, C, ...) target of 0, 1 and 2.

    Args:
        membership: (C, L) bool, the leaves of each label.
    """
    leaves = membership.float()
    against = torch.einsum("bc...,cl->bl...", (target == 1).float(), 1 - leaves)
    against += torch.einsum("bc...,cl->bl...", (target == 0).float(), leaves)
    return against == 0


def alone(possible: Tensor) -> Tensor:
    """(B, L, ...) bool: whether S = {k}, for the (B, L, ...) leaves of S."""
    return possible & (possible.sum(1, keepdim=True) == 1)


def log_probability(logits: Tensor, possible: Tensor) -> Tensor:
    """(B, ...) log P_S, finite even where P_S is too small for its type.

    Args:
        logits: (B, L, ...) in full precision.
        possible: (B, L, ...) bool, the leaves of S.
    """
    # Not `masked_fill`, which takes twice as long where the channels lie last.
    within = torch.where(possible, logits, -torch.inf)
    return torch.logsumexp(within, 1) - torch.logsumexp(logits, 1)
