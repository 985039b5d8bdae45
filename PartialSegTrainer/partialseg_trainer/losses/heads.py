"""From a network's channels to the leaves of the scheme, whatever the channels are."""

from __future__ import annotations

import torch
from torch import Tensor

from ..models import Head


def leaf_logits(logits: Tensor, head: Head, membership: Tensor) -> Tensor:
    """(B, L, ...) logits of the leaves from the network's output, (B, C or L, ...).

    With a sigmoid a label, the joint probability of a leaf's own labels being 1 and all others 0
    is, up to a factor common to all leaves, exp(sum of the logits of the labels it lies in). A
    softmax of these sums is the distribution over hierarchy-consistent annotations alone: its most
    probable leaf never leaves its super-label.

    Args:
        membership: (C, L) bool, the leaves of each label.
    """
    if head == "leaves":
        return logits
    return torch.einsum("bc...,cl->bl...", logits, membership.to(logits.dtype))
