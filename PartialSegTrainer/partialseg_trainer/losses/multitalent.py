"""MultiTalent: a label counts in the scans that were annotated for it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .binary_entropy import BinaryEntropy, ProbabilitySums
from .codebook import Codebook
from .dice import voxels_of_codes
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

    def of_codes(self, logits: Tensor, codes: Tensor, codebook: Codebook) -> Tensor:
        logits = precise(logits)
        values, kind = codebook.values, logits.dtype
        unknown = values == 2
        annotated = ~unknown.all(1, keepdim=True)
        counts = voxels_of_codes(codes, codebook)
        there = (counts > 0).double()
        gaps = there @ (unknown & annotated).double() > 0
        valid = ~gaps & (there @ annotated.double() > 0)
        # What a code says depends on its image, so each image has codes of its own.
        first = len(values) * torch.arange(len(codes), device=codes.device)
        numbers = codes.int() + first.int().view(-1, *[1] * (codes.ndim - 1))
        yes = (values == 1).expand(len(codes), -1, -1)
        counted = valid[:, None] & annotated
        weights = counted * self.label_weights.to(kind) / codes[0].numel()
        entropy = BinaryEntropy.apply(
            logits, numbers, (1 - 2 * yes.to(kind)).flatten(0, 1), weights.flatten(0, 1)
        )
        tables = torch.stack([counted & yes, counted]).to(kind).flatten(1, 2)
        overlap, found = ProbabilitySums.apply(logits, numbers, tables)
        marked = (counts[:, :, None] * (counted & yes)).sum((0, 1)).to(kind)
        return entropy + self._dice(overlap, found + marked, valid)

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
        dice = self._dice((probabilities * yes).sum(voxels), sizes, valid)
        return entropy.flatten(2).mean(2).sum() + dice

    def _dice(self, overlap: Tensor, sizes: Tensor, valid: Tensor) -> Tensor:
        """The sum over the labels valid in any image, from (C,) sums and (B, C) `valid`."""
        # Only a label that is nowhere, and predicted nowhere, has no size; its Dice is 0 / 0.
        dice = 2 * overlap / sizes.clamp(min=1e-7)
        return torch.where(valid.any(0), 1 - dice, 0.0).sum()
