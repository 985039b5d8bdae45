"""In which order slices are shown: what decides how often the few full scans are seen."""

from __future__ import annotations

import numpy as np

from .config import TrainConfig


def epoch_order(
    config: TrainConfig, full: np.ndarray, partial: np.ndarray, epoch: int
) -> np.ndarray:
    """The slices of one epoch, in order; the same for the same seed and epoch.

    For a network that sees blocks, the slices round which these lie; a block counts as many slices
    as it has.

    Args:
        full: numbers of the slices of fully labelled scans.
        partial: numbers of the slices of all other scans.
    """
    rng = np.random.default_rng([config.seed, epoch])
    slices = config.slices_per_epoch or len(full) + len(partial)
    count = max(1, slices // config.thickness)
    if config.sampling == "uniform":
        return _draw(np.concatenate([full, partial]), count, rng)
    share = len(full) / (len(full) + len(partial))
    if config.sampling == "balanced" and 0 < share < 1:
        share = config.full_share
    from_full = round(share * count)
    partial_first = [_draw(partial, count - from_full, rng), _draw(full, from_full, rng)]
    if config.sampling == "reference":
        return np.concatenate(partial_first)
    return rng.permutation(np.concatenate(partial_first))


def _draw(slices: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` slices in random order, none a second time before all were drawn once."""
    if not count:
        return slices[:0]
    rounds = -(-count // len(slices))
    return np.concatenate([rng.permutation(slices) for _ in range(rounds)])[:count]
