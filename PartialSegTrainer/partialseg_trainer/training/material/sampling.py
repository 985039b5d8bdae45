"""In which order slices are shown: what decides how often the few full scans are seen."""

from __future__ import annotations

import numpy as np

from ..settings.config import TrainConfig


def epoch_order(
    config: TrainConfig,
    full: np.ndarray,
    partial: np.ndarray,
    epoch: int,
    marked: np.ndarray | None = None,
) -> np.ndarray:
    """The slices of one epoch, in order; the same for the same seed and epoch.

    For a network that sees blocks, the slices round which these lie; a block counts as many slices
    as it has.

    Args:
        full: numbers of the slices of fully labelled scans.
        partial: numbers of the slices of all other scans.
        marked: (N, C) bool, which labels each slice of the store has; only read where the
            settings draw a share by label.
    """
    rng = np.random.default_rng([config.seed, epoch])

    def draw(slices: np.ndarray, count: int) -> np.ndarray:
        by_label = round(config.drawn_by_label * count)
        if not by_label:
            return _draw(slices, count, rng)
        chosen = [_draw(slices, count - by_label, rng), _by_label(slices, marked, by_label, rng)]
        return rng.permutation(np.concatenate(chosen))

    slices = config.slices_per_epoch or len(full) + len(partial)
    count = max(1, slices // config.thickness)
    if config.sampling == "uniform":
        return draw(np.concatenate([full, partial]), count)
    share = len(full) / (len(full) + len(partial))
    if config.sampling == "balanced" and 0 < share < 1:
        share = config.full_share
    from_full = round(share * count)
    partial_first = [draw(partial, count - from_full), draw(full, from_full)]
    if config.sampling == "reference":
        return np.concatenate(partial_first)
    return rng.permutation(np.concatenate(partial_first))


def _draw(slices: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` slices in random order, none a second time before all were drawn once."""
    if not count:
        return slices[:0]
    rounds = -(-count // len(slices))
    return np.concatenate([rng.permutation(slices) for _ in range(rounds)])[:count]


def _by_label(
    slices: np.ndarray, marked: np.ndarray, count: int, rng: np.random.Generator
) -> np.ndarray:
    """`count` slices: each time a label, all alike, then a slice in which it is marked."""
    has = marked[slices]
    with_label = [slices[column] for column in has.T if column.any()]
    if not with_label:
        return _draw(slices, count, rng)
    return np.array(
        [rng.choice(with_label[one]) for one in rng.integers(len(with_label), size=count)]
    )
