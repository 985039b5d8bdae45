"""Soft Dice, over what is known of each label or over whole one-hot targets."""

from __future__ import annotations

import torch
from torch import Tensor

from .binary_entropy import ProbabilitySums
from .codebook import Codebook


def known_dice(probabilities: Tensor, target: Tensor) -> Tensor:
    """The mean over labels of 1 - (2 sum y_l x_l + 1) / (sum y_l + sum x_l + 1).

    The sums run over the voxels of the batch where label l is known; the 1 keeps a label that is
    nowhere in the batch from counting as an error. Cross-entropy alone learns rare structures
    late (Milletari et al., 3DV 2016); batch Dice over valid regions as in MultiTalent (Ulrich et
    al., MICCAI 2023).

    Args:
        probabilities: (B, C, ...) of each label.
        target: (B, C, ...) uint8 of 0 (no), 1 (yes), 2 (unknown).
    """
    known = probabilities * (target != 2)
    yes = (target == 1).to(probabilities.dtype)
    voxels = (0, *range(2, target.ndim))
    overlap = (known * yes).sum(voxels)
    return (1 - (2 * overlap + 1) / (known.sum(voxels) + yes.sum(voxels) + 1)).mean()


def known_dice_of_codes(logits: Tensor, codes: Tensor, codebook: Codebook) -> Tensor:
    """`known_dice` of y = sigmoid(z), from (B, C, ...) logits and (B, ...) codes."""
    yes, known = codebook.values == 1, codebook.values != 2
    tables = torch.stack([known & yes, known]).to(logits.dtype)
    overlap, found = ProbabilitySums.apply(logits, codes, tables)
    marked = voxels_of_codes(codes, codebook).sum(0).to(logits.dtype) @ yes.to(logits.dtype)
    return (1 - (2 * overlap + 1) / (found + marked + 1)).mean()


def voxels_of_codes(codes: Tensor, codebook: Codebook) -> Tensor:
    """(B, K) how many voxels of each image have each code; exact, as float64."""
    numbers = codes.flatten(1).long()
    counts = torch.zeros(len(codes), len(codebook.values), dtype=torch.float64, device=codes.device)
    one = torch.ones((), dtype=counts.dtype, device=codes.device)
    return counts.scatter_add_(1, numbers, one.expand_as(numbers))


def mean_dice(log_probabilities: Tensor, target: Tensor) -> Tensor:
    """(B,) for each image 1 - mean over k of 2 sum(p_k g_k) / (sum p_k^2 + sum g_k^2 + 1e-8).

    The squared form of Milletari et al. (3DV 2016). A channel that the target lacks counts 1 and
    has no gradient.

    Args:
        log_probabilities: (B, L, ...) log p.
        target: (B, L, ...) g, which may be soft.
    """
    p, g = log_probabilities.exp().flatten(2), target.flatten(2)
    sizes = p.square().sum(2) + g.square().sum(2)
    return 1 - (2 * (p * g).sum(2) / (sizes + 1e-8)).mean(1)
