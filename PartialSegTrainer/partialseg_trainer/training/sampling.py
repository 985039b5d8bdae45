"""In which order slices are shown: what decides how often the few full scans are seen."""

from __future__ import annotations

import numpy as np

from .config import TrainConfig


def epoch_order(
    config: TrainConfig, full: np.ndarray, partial: np.ndarray, epoch: int
) -> np.ndarray:
    """The slices of one epoch, in order; the same for the same seed and epoch.

    Args:
        full: numbers of the slices of fully labelled scans.
        partial: numbers of the slices of all other scans.
    """
    rng = np.random.default_rng([config.seed, epoch])
    count = config.slices_per_epoch or len(full) + len(partial)
    if not len(full) or not len(partial) or config.sampling == "uniform":
        return _draw(np.concatenate([full, partial]), count, rng)
    if config.sampling == "balanced":
        from_full = round(config.full_share * count)
        drawn = [_draw(full, from_full, rng), _draw(partial, count - from_full, rng)]
        return rng.permutation(np.concatenate(drawn))
    from_full = max(1, round(count * len(full) / (len(full) + len(partial))))
    return np.concatenate([_draw(partial, count - from_full, rng), _draw(full, from_full, rng)])


def _draw(slices: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` slices in random order, none a second time before all were drawn once."""
    rounds = -(-count // len(slices))
    return np.concatenate([rng.permutation(slices) for _ in range(rounds)])[:count]
