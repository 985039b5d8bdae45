"""The log-probability of a set of leaves, with a gradient that keeps no copies of the logits."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .pieces import pieces


def log_probability(logits: Tensor, possible: Tensor) -> Tensor:
    """(B, ...) log P_S, the log of the summed probability of the leaves of S.

    Args:
        logits: (B, L, ...); P = softmax(logits).
        possible: (B, L, ...) bool, the leaves of S.
    """
    return _LogProbability.apply(logits, possible)


class _LogProbability(torch.autograd.Function):
    """logsumexp(z over S) - logsumexp(z); its gradient is softmax(z over S) - softmax(z)."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, possible: Tensor) -> Tensor:
        whole, within = (logits.new_empty(len(logits), *logits.shape[2:]) for _ in range(2))
        for z, leaves, of_all, of_set in zip(*pieces(logits, possible, whole, within), strict=True):
            torch.logsumexp(z, 1, out=of_all)
            torch.logsumexp(_only(leaves, z), 1, out=of_set)
        ctx.save_for_backward(logits, possible, whole, within)
        return within - whole

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        logits, possible, whole, within = ctx.saved_tensors
        result = torch.empty_like(logits)
        sums = (each.unsqueeze(1) for each in (whole, within, gradient))
        for z, leaves, of_all, of_set, factor, slope in zip(
            *pieces(logits, possible, *sums, result), strict=True
        ):
            share = _only(leaves, z).sub_(of_set).exp_()
            torch.sub(z, of_all, out=slope).exp_()
            torch.sub(share, slope, out=slope).mul_(factor)
        return result, None


def _only(leaves: Tensor, logits: Tensor) -> Tensor:
    # Of the ways to write this, the one that is fast where the channels lie last.
    return torch.where(leaves, logits, -torch.inf)
