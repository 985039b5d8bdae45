"""From a loss for full annotations to one for label sets, whatever the loss is."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..labels import LabelScheme
from .label_set import LabelSetLoss, LeafProbabilities, alone, log_probability

# From log p and the target g, both (B, L, ...), to values whose mean is the loss.
ClassicalLoss = Callable[[Tensor, Tensor], Tensor]
# From logits and S, both (B, L, ...), to the log p and g that a classical loss may compare.
Conversion = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def marginalise(logits: Tensor, possible: Tensor) -> tuple[Tensor, Tensor]:
    """log Phi(p) and g, the one conversion that suits every loss (Fidon et al., MICCAI 2021).

        Phi_k = P_S / |S| and g_k = 1 / |S| for k in S; Phi_k = p_k and g_k = 0 for others.

    In logarithms, so that a cross-entropy stays finite where P_S underflows.

    Args:
        logits: (B, L, ...) in full precision.
        possible: (B, L, ...) bool, the leaves of S.
    """
    size = possible.sum(1, keepdim=True).to(logits.dtype)
    shared = log_probability(logits, possible).unsqueeze(1) - size.log()
    return torch.where(possible, shared, logits.log_softmax(1)), possible / size


def labelled_leaves(logits: Tensor, possible: Tensor) -> tuple[Tensor, Tensor]:
    """log p and g of the leaf-Dice, for losses that are a ratio of sums over voxels.

    g_k = 1 where S = {k}, else 0, and p_k counts where it is known whether the voxel is k; where
    S holds k beside others it is 0, log p_k = -inf. Fidon et al. (MICCAI 2021) define the
    leaf-Dice for images in which a leaf is either labelled wherever it is, or nowhere; there p_k of
    such voxels meets an empty g_k only, so leaving it out changes no gradient. In other images,
    with a structure in progress or a region of interest, counting p_k would teach that what is
    unknown is not k.
    """
    known = alone(possible)
    log_p = logits.log_softmax(1).masked_fill(possible & ~known, -torch.inf)
    return log_p, known.to(logits.dtype)


class Converted(LabelSetLoss):
    """The mean of a classical loss of log p and g after a conversion.

    A voxelwise loss or one of Dice's type takes `marginalise`; one of Dice's type may take
    `labelled_leaves` instead if it is 0 or constant for channels without target, and reads log p
    through its exponential alone.
    """

    def __init__(
        self, scheme: LabelScheme, loss: ClassicalLoss, conversion: Conversion = marginalise
    ):
        super().__init__(scheme)
        self._loss = loss
        self._conversion = conversion

    def of_leaves(self, leaves: LeafProbabilities) -> Tensor:
        return self._loss(*self._conversion(leaves.logits, leaves.possible)).mean()
