"""Batches of patches, cut from stored scans at places that only the seed decides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ...errors import UserError
from ..ranks.share import WHOLE, Share
from ..settings.config import TrainConfig
from .slices import UNKNOWN, SliceStore

Batch = dict[str, Tensor]
# From the pixels that a slice has to spare along one side (negative: lacks), where to begin.
Corner = Callable[[int], int]


class TrainingBatches(Dataset[Batch]):
    """The batches of one epoch; an item is a whole batch.

    ``{"image": (B, C, H, W) float16, "codes": (B, H, W) uint8 or int32, "sagittal": (B,) bool}``,
    with the C slices that the network sees at once, those of each contrast in turn; for one that
    sees blocks, (B, K, S, H, W), of K contrasts, and (B, S, H, W). The last slices that do not fill
    a batch are left out, unless they are all there is. Only the items of `share` are cut; raises
    UserError where an epoch has not one for each.
    """

    def __init__(
        self,
        store: SliceStore,
        order: np.ndarray,
        config: TrainConfig,
        epoch: int,
        share: Share = WHOLE,
    ):
        self._store = store
        self._config = config
        self._epoch = epoch
        self._share = share
        size = min(config.batch_size, len(order)) // share.count * share.count
        if not size:
            raise UserError(
                f"An epoch has {len(order)} slices, too few for {share.count} processes to share; "
                "train in one, or set slices_per_epoch."
            )
        self._batches = order[: len(order) // size * size].reshape(-1, size)

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, position: int) -> Batch:
        rng = np.random.default_rng([self._config.seed, self._epoch, position])
        numbers = self._batches[position]
        items = [read_item(self._store, number, self._config) for number in numbers]
        patch = self._config.patch
        batch = _cut(items, patch, _random_corner(rng), self._share)
        own = numbers[self._share.items]
        sagittal = [self._store.axis(number) == "sagittal" for number in own]
        return {**batch, "sagittal": torch.tensor(sagittal)}


class ValidationBatches(Dataset[Batch]):
    """Whole slices of validation scans, padded to what the network takes, one shape a batch.

    For a network that sees blocks, blocks of whole slices, as thick as those it learns from.
    """

    def __init__(self, store: SliceStore, numbers: np.ndarray, config: TrainConfig):
        self._store = store
        self._config = config
        thickness = config.thickness
        numbers = numbers[min(thickness, len(numbers)) // 2 :: thickness]
        most = max(1, config.validation_slices // thickness)
        spread = np.linspace(0, len(numbers) - 1, min(len(numbers), most))
        by_shape: dict[tuple[int, ...], list[int]] = {}
        for number in numbers[np.unique(spread.round().astype(int))]:
            by_shape.setdefault(read_item(store, number, config)[1].shape, []).append(int(number))
        self._batches = [
            same[start : start + config.batch_size]
            for same in by_shape.values()
            for start in range(0, len(same), config.batch_size)
        ]

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, position: int) -> Batch:
        items = [read_item(self._store, number, self._config) for number in self._batches[position]]
        divisor = self._config.network.divisor
        patch = tuple(-(-size // divisor) * divisor for size in items[0][1].shape)
        return _cut(items, patch, _middle)


def read_item(store: SliceStore, number: int, config: TrainConfig) -> tuple[np.ndarray, np.ndarray]:
    """What the network sees of the place of a slice, and its codes.

    A slice with its neighbours, (C, H, W), and (H, W); or a block round it in K contrasts,
    (K, S, H, W), and (S, H, W).
    """
    if config.network.dimensions == 3:
        image, codes = store.read_block(number, config.thickness)
        return image if store.contrasts > 1 else image[None], codes
    return store.read_stack(number, config.preprocessing.neighbours)


def _random_corner(rng: np.random.Generator) -> Corner:
    """A patch lies anywhere within the slice, or the slice anywhere within the patch."""
    return lambda spare: int(rng.integers(min(spare, 0), max(spare, 0) + 1))


def _middle(spare: int) -> int:
    return spare // 2


def _cut(
    items: list[tuple[np.ndarray, np.ndarray]],
    patch: tuple[int, ...],
    corner: Corner,
    share: Share = WHOLE,
) -> Batch:
    """Cut one patch from each item of the share; what lies outside a scan is black and unknown."""
    corners = [
        [corner(size - wanted) for size, wanted in zip(labels.shape, patch, strict=True)]
        for _, labels in items
    ]
    items, corners = items[share.items], corners[share.items]
    image = np.zeros((len(items), len(items[0][0]), *patch), dtype=np.float16)
    codes = np.full((len(items), *patch), UNKNOWN, dtype=items[0][1].dtype)
    for row, ((source, labels), starts) in enumerate(zip(items, corners, strict=True)):
        taken, given = [], []
        for size, wanted, start in zip(labels.shape, patch, starts, strict=True):
            taken.append(slice(max(start, 0), min(start + wanted, size)))
            given.append(slice(max(-start, 0), max(-start, 0) + taken[-1].stop - taken[-1].start))
        image[row][(slice(None), *given)] = source[(slice(None), *taken)]
        codes[row][tuple(given)] = labels[tuple(taken)]
    return {"image": torch.from_numpy(image), "codes": torch.from_numpy(codes)}
