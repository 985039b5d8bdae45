"""Binary cross-entropy from codes, without a target for every label of every voxel."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from .codebook import look_up

# For each thread, 5 MB of ten labels in float32. Larger pieces leave the cache and take a quarter
# longer; smaller ones gain nothing, and their threads wait for each other more often.
_VOXELS = 1 << 17


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
        for z, numbers in zip(*_pieces(logits, codes), strict=True):
            entropy = functional.softplus(z * look_up(signs, numbers))
            total += entropy.mul_(look_up(weights, numbers)).sum()
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        logits, codes, signs, weights = ctx.saved_tensors
        slopes = signs * weights * gradient
        result = torch.empty_like(logits)
        for z, numbers, slope in zip(*_pieces(logits, codes, result), strict=True):
            torch.mul(z, look_up(signs, numbers), out=slope)
            slope.sigmoid_().mul_(look_up(slopes, numbers))
        return result, None, None, None


def _pieces(*tensors: Tensor) -> list[tuple[Tensor, ...]]:
    """Each as views of a few images of the batch; on a GPU, of the whole batch at once."""
    first = tensors[0]
    images = len(first)
    if first.device.type == "cpu":
        images = max(1, _VOXELS * torch.get_num_threads() // first[0, 0].numel())
    return [tensor.split(images) for tensor in tensors]
