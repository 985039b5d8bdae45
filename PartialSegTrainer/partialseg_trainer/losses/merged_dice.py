"""Dice in which the leaves that an image does not tell apart are one channel."""

from __future__ import annotations

import torch
from torch import Tensor

from .label_set import LabelSetLoss, LeafProbabilities
from .options import LossOptions

_SMOOTH = 1e-5


class MergedDiceOptions(LossOptions):
    """`squared`: whether probabilities count by their squares in the denominator."""

    squared: bool = False


class MergedDice(LabelSetLoss):
    """Dice over merged channels, as in the marginal loss of Phitidis et al. (arXiv 2601.20503).

    In each image, leaves that some voxel of it leaves open together, by S or by a chain of such
    S, are merged: with p_G the sum of p over the leaves of a group G, and g_G = 1 where S lies in
    G, else 0,

        1 - mean over groups G of (2 sum(p_G g_G) + e) / (sum p_G + sum g_G + e), e = 1e-5,

    over the voxels of which anything is known; the mean over images. They merge the classes that a
    scan was not annotated for with its background; here the same follows from S, in any hierarchy.
    An image of which nothing is known gives 0. `marginal_ce+merged_dice` is their marginal loss,
    where theirs merges for the cross-entropy by image too, and here each voxel has its own S.
    """

    Options = MergedDiceOptions
    options: MergedDiceOptions

    def of_leaves(self, leaves: LeafProbabilities) -> Tensor:
        possible, p = leaves.possible.flatten(2), leaves.p.flatten(2)
        annotated = ~possible.all(1, keepdim=True)
        sets = (possible & annotated).to(p.dtype)
        group = _groups(sets)
        merged = torch.where(annotated, group @ p, 0.0)
        target = ((group @ sets) > 0).to(p.dtype)
        sizes = (merged.square() if self.options.squared else merged).sum(2) + target.sum(2)
        dice = (2 * (merged * target).sum(2) + _SMOOTH) / (sizes + _SMOOTH)
        there = group.any(2)
        mean = torch.where(there, 1 - dice, 0.0).sum(1) / there.sum(1)
        return torch.where(annotated.flatten(1).any(1), mean, 0.0).mean()


def _groups(sets: Tensor) -> Tensor:
    """(B, L, L) of 0 and 1: row r holds the leaves of a group whose first leaf is r, else nothing.

    Args:
        sets: (B, L, N) 1 for the leaves of each S.
    """
    count = sets.shape[1]
    itself = torch.eye(count, device=sets.device, dtype=sets.dtype)
    joined = ((sets @ sets.transpose(1, 2) + itself) > 0).to(sets.dtype)
    # As many steps as the longest chain needs, doubled each time.
    for _ in range(max(count - 1, 1).bit_length()):
        joined = ((joined @ joined) > 0).to(sets.dtype)
    first = joined.argmax(2)
    return (first[:, None] == torch.arange(count, device=sets.device)[:, None]).to(sets.dtype)
