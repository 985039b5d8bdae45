"""MultiTalent: a label counts in the scans that were annotated for it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .partial import precise
from .sigmoid import SigmoidLoss


class MultiTalent(SigmoidLoss):
    """BCE and batch Dice of the labels annotated in each scan (Ulrich et al., MICCAI 2023).

    Label l is valid in item b of the batch if it is known in every voxel of which anything is
    known. Over these voxels and pairs,

        sum over valid (b, l) of w_l mean BCE(x_bl, y_bl)
        + sum over l valid in any b of 1 - 2 sum(y_l x_l) / (sum y_l + sum x_l),

    the sums of the Dice over all items in which l is valid. Both terms are summed, not averaged,
    so that a label's gradient does not depend on how many others are annotated. The 1, which the
    reference leaves out, is a constant.

    A mask a scan, not a voxel: where the parts of a super-label are unknown inside it alone, that
    they are known to be nowhere else goes unused. `iuc+dice` uses it.
    """

    def _of_multilabel(self, logits: Tensor, target: Tensor) -> Tensor:
        logits = precise(logits)
        yes = (target == 1).to(logits.dtype)
        unknown = target == 2
        annotated = ~unknown.all(1, keepdim=True)
        gaps = (unknown & annotated).flatten(2).any(2)
        valid = ~gaps & annotated.flatten(1).any(1, keepdim=True)
        counted = valid.view(*valid.shape, *[1] * (logits.ndim - 2)) & annotated
        entropy = functional.binary_cross_entropy_with_logits(
            logits, yes, weight=counted * self._weights_like(logits), reduction="none"
        )
        probabilities, yes = logits.sigmoid() * counted, yes * counted
        voxels = (0, *range(2, logits.ndim))
        sizes = probabilities.sum(voxels) + yes.sum(voxels)
        # Only a label that is nowhere, and predicted nowhere, has no size; its Dice is 0 / 0.
        dice = 2 * (probabilities * yes).sum(voxels) / sizes.clamp(min=1e-7)
        return entropy.flatten(2).mean(2).sum() + torch.where(valid.any(0), 1 - dice, 0.0).sum()
