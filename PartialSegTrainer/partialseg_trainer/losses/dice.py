"""Soft Dice over what is known of each label."""

from __future__ import annotations

from torch import Tensor


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
