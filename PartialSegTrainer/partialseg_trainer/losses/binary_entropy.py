"""Sums over the voxels of sigmoid outputs, from codes: no target for every label of every voxel."""

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


class ProbabilitySums(torch.autograd.Function):
    """For several tables the sums over voxels of y = sigmoid(z), times what is looked up by code.

    What a Dice takes of probabilities. As above, only the logits are kept, and the tables are added
    up before they are looked up for the gradient, y (1 - y) times their sum.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, codes: Tensor, tables: Tensor) -> Tensor:
        """(T, C) sums of (B, C, ...) logits, (B, ...) codes, and (T, K, C) tables."""
        codes = codes.int()
        ctx.save_for_backward(logits, codes, tables)
        total = logits.new_zeros(len(tables), tables.shape[2])
        voxels = (0, *range(2, logits.ndim))
        for z, numbers in zip(*_pieces(logits, codes), strict=True):
            y = z.sigmoid()
            for sums, table in zip(total, tables, strict=True):
                sums += (y * look_up(table, numbers)).sum(voxels)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        logits, codes, tables = ctx.saved_tensors
        slopes = (tables * gradient[:, None]).sum(0)
        result = torch.empty_like(logits)
        for z, numbers, slope in zip(*_pieces(logits, codes, result), strict=True):
            torch.sigmoid(z, out=slope)
            slope.mul_(1 - slope).mul_(look_up(slopes, numbers))
        return result, None, None


class ChosenVoxels(torch.autograd.Function):
    """(M, C) the logits of the voxels that a mask names, in its order.

    Of an index PyTorch does not know that no voxel is in it twice, and adds up its gradient one
    by one.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, chosen: Tensor) -> Tensor:
        """Of (B, C, ...) logits and a (B, ...) bool mask."""
        ctx.save_for_backward(logits, chosen)
        return logits.movedim(1, -1)[chosen]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        logits, chosen = ctx.saved_tensors
        result = torch.zeros_like(logits)
        result.movedim(1, -1)[chosen] = gradient
        return result, None


def _pieces(*tensors: Tensor) -> list[tuple[Tensor, ...]]:
    """Each as views of a few images of the batch; on a GPU, of the whole batch at once."""
    first = tensors[0]
    images = len(first)
    if first.device.type == "cpu":
        images = max(1, _VOXELS * torch.get_num_threads() // first[0, 0].numel())
    return [tensor.split(images) for tensor in tensors]
