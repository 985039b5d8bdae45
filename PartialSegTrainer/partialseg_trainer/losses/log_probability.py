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
            torch.logsumexp(z.masked_fill(~leaves, -torch.inf), 1, out=of_set)
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
            # Outside S the first term may overflow.
            torch.sub(z, of_set, out=slope).exp_().masked_fill_(~leaves, 0)
            slope.sub_((z - of_all).exp_()).mul_(factor)
        return result, None
