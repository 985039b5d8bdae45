"""Batches of patches, cut from stored slices at places that only the seed decides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from .config import TrainConfig
from .slices import UNKNOWN, SliceStore

Batch = dict[str, Tensor]
# From the pixels that a slice has to spare along one side (negative: lacks), where to begin.
Corner = Callable[[int], int]


class TrainingBatches(Dataset[Batch]):
    """The batches of one epoch; an item is a whole batch.

    ``{"image": (B, 1, H, W) float16, "codes": (B, H, W) uint8 or int32}``; the last slices that do
    not fill a batch are left out, unless they are all there is.
    """

    def __init__(self, store: SliceStore, order: np.ndarray, config: TrainConfig, epoch: int):
        self._store = store
        self._config = config
        self._epoch = epoch
        size = min(config.batch_size, len(order))
        self._batches = order[: len(order) // size * size].reshape(-1, size)

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, position: int) -> Batch:
        rng = np.random.default_rng([self._config.seed, self._epoch, position])
        numbers = self._batches[position]
        slices = [self._store.read(number) for number in numbers]
        return _cut(slices, self._config.patch, _random_corner(rng))


class ValidationBatches(Dataset[Batch]):
    """Whole slices of validation scans, padded to what the network takes, one shape a batch."""

    def __init__(self, store: SliceStore, numbers: np.ndarray, config: TrainConfig):
        self._store = store
        self._divisor = 2 ** (config.network.depth - 1)
        spread = np.linspace(0, len(numbers) - 1, min(len(numbers), config.validation_slices))
        by_shape: dict[tuple[int, ...], list[int]] = {}
        for number in numbers[np.unique(spread.round().astype(int))]:
            by_shape.setdefault(store.read(number)[0].shape, []).append(int(number))
        self._batches = [
            same[start : start + config.batch_size]
            for same in by_shape.values()
            for start in range(0, len(same), config.batch_size)
        ]

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, position: int) -> Batch:
        slices = [self._store.read(number) for number in self._batches[position]]
        patch = tuple(-(-size // self._divisor) * self._divisor for size in slices[0][0].shape)
        return _cut(slices, patch, _middle)


def _random_corner(rng: np.random.Generator) -> Corner:
    """A patch lies anywhere within the slice, or the slice anywhere within the patch."""
    return lambda spare: int(rng.integers(min(spare, 0), max(spare, 0) + 1))


def _middle(spare: int) -> int:
    return spare // 2


def _cut(
    slices: list[tuple[np.ndarray, np.ndarray]], patch: tuple[int, ...], corner: Corner
) -> Batch:
    """Cut one patch from each slice; what lies outside a slice is black and unknown."""
    image = np.zeros((len(slices), 1, *patch), dtype=np.float16)
    codes = np.full((len(slices), *patch), UNKNOWN, dtype=slices[0][1].dtype)
    for row, (source, labels) in enumerate(slices):
        taken, given = [], []
        for size, wanted in zip(source.shape, patch, strict=True):
            start = corner(size - wanted)
            taken.append(slice(max(start, 0), min(start + wanted, size)))
            given.append(slice(max(-start, 0), max(-start, 0) + taken[-1].stop - taken[-1].start))
        image[row, 0][tuple(given)] = source[tuple(taken)]
        codes[row][tuple(given)] = labels[tuple(taken)]
    return {"image": torch.from_numpy(image), "codes": torch.from_numpy(codes)}
