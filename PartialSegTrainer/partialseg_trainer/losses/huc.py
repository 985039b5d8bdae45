"""Highest-Unobserved-Child: the likeliest part of a known super-label is taken for true."""

from __future__ import annotations

import torch
from torch import Tensor

from .unobserved import UnobservedChildLoss


class HighestUnobservedChild(UnobservedChildLoss):
    """HUC (Kucheruk et al., MLHC 2025): IUC plus hard pseudo-targets for unobserved children.

    Among the unobserved children of each parent with x = 1, t_u = 1 for the one with the largest
    y, 0 for the others. The choice has no gradient. Of several parents in a voxel each has its
    own choice.
    """

    def _pseudo_targets(self, logits: Tensor, unobserved: Tensor) -> Tensor:
        pseudo = torch.zeros_like(logits)
        for children in self._families:
            candidates = logits.detach()[:, children].masked_fill(
                ~unobserved[:, children], -torch.inf
            )
            highest = candidates.argmax(1, keepdim=True)
            pseudo[:, children] = torch.zeros_like(candidates).scatter_(1, highest, 1.0)
        return pseudo
