"""In which order slices are shown: what decides how often the few full scans are seen."""

from __future__ import annotations

import numpy as np

from .config import TrainConfig


def epoch_order(
    config: TrainConfig,
    full: np.ndarray,
    partial: np.ndarray,
    epoch: int,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """The slices of one epoch, in order; the same for the same seed and epoch.

    Args:
        full: numbers of the slices of fully labelled scans.
        partial: numbers of the slices of all other scans.
        weights: for every slice number, how often "balanced" draws it among its kind (see
            `label_weights`); None means all alike.
    """
    rng = np.random.default_rng([config.seed, epoch])
    count = config.slices_per_epoch or len(full) + len(partial)
    if config.sampling == "uniform":
        return _draw(np.concatenate([full, partial]), count, rng)
    share = len(full) / (len(full) + len(partial))
    if config.sampling == "balanced" and 0 < share < 1:
        share = config.full_share
    from_full = round(share * count)
    if config.sampling == "reference":
        return np.concatenate([_draw(partial, count - from_full, rng), _draw(full, from_full, rng)])
    drawn = [
        _draw(slices, wanted, rng, weights)
        for slices, wanted in ((full, from_full), (partial, count - from_full))
    ]
    return rng.permutation(np.concatenate(drawn))


def label_weights(present: np.ndarray) -> np.ndarray:
    """(N,) weights under which half of the draws are for a label, each label as often.

    Rare structures are seen more often so; nnU-Net oversamples foreground for the same reason
    (Isensee et al., Nature Methods 2021).

    Args:
        present: (N, C) bool, the labels that are marked in each slice.
    """
    present = present[:, present.any(axis=0)]
    even = np.full(len(present), 1 / max(len(present), 1))
    if not present.size:
        return even
    return (even + (present / present.sum(axis=0)).mean(axis=1)) / 2


def _draw(
    slices: np.ndarray, count: int, rng: np.random.Generator, weights: np.ndarray | None = None
) -> np.ndarray:
    """`count` slices in random order: by weight, or none a second time before all were drawn."""
    if not count:
        return slices[:0]
    if weights is not None:
        chances = weights[slices] / weights[slices].sum()
        return rng.choice(slices, size=count, p=chances)
    rounds = -(-count // len(slices))
    return np.concatenate([rng.permutation(slices) for _ in range(rounds)])[:count]
