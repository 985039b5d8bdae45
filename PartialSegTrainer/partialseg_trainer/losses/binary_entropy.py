"""Binary cross-entropy from codes, without a target for every label of every voxel."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from .codebook import look_up
from .pieces import pieces


class BinaryEntropy(torch.autograd.Function):
    """The sum over voxels and labels of a softplus(s z), with s and a looked up by code.

    For a target x in {0, 1} and s = 1 - 2 x this is a BCE(x, sigmoid(z)), without the cancellation
    of softplus(z) - x z where the network is sure and right. The gradient is a s sigmoid(s z). Of
    all that is computed, only the logits are kept for it.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, codes: Tensor, signs: Tensor, weights: Tensor) -> Tensor:
        """The sum of (B, C, ...) logits, (B, ...) codes, and (K, C) tables of s and a."""
        codes = codes.int()  # once, and not with each look-up
        ctx.save_for_backward(logits, codes, signs, weights)
        total = logits.new_zeros(())
        for z, numbers in zip(*pieces(logits, codes), strict=True):
            entropy = functional.softplus(z * look_up(signs, numbers))
            total += entropy.mul_(look_up(weights, numbers)).sum()
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        logits, codes, signs, weights = ctx.saved_tensors
        slopes = signs * weights * gradient
        result = torch.empty_like(logits)
        for z, numbers, slope in zip(*pieces(logits, codes, result), strict=True):
            torch.mul(z, look_up(signs, numbers), out=slope)
            slope.sigmoid_().mul_(look_up(slopes, numbers))
        return result, None, None, None
