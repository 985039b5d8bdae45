"""What a model is shown of one scan while it learns from what was drawn: slices, or blocks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..models import ModelInfo
from ..volumes.preprocessing import Axis, Prepared, recut
from .beside import Beside
from .drawn import Drawn

# Of four items the first comes from anywhere in the scan.
_DRAWN_OF = 4


class Shown(NamedTuple):
    """Images (B, C, H, W) float32 in [0, 1] with codes (B, H, W), or (B, K, S, H, W) with codes
    (B, S, H, W); and `sagittal`, (B,) bool, as `augment` wants it.
    """

    image: Tensor
    codes: Tensor
    sagittal: Tensor


class Pictures:
    """Draws parts of a scan, each along an axis that the model sees, whole slices or blocks.

    Three of four show single structures, where there are such, and the more of them the more often;
    the others come from the whole scan, or from other scans where there are some `beside`.
    """

    def __init__(
        self, prepared: Prepared, drawn: Drawn, info: ModelInfo, beside: Beside | None = None
    ):
        self._info, self._beside = info, beside
        # Of all codes there are; those of the other scans come behind this one's.
        self.sets = drawn.sets if beside is None else np.vstack([drawn.sets, beside.sets])
        self._own = len(drawn.sets)
        self._images: dict[Axis, np.ndarray] = {}
        self._codes: dict[Axis, np.ndarray] = {}
        self._shares: dict[Axis, np.ndarray | None] = {}
        self._alone = drawn.sets.sum(1) == 1
        for axis in info.preprocessing.axes:
            # (K, S, H, W)
            self._images[axis] = recut(prepared.images, prepared.axis, axis)
            self._codes[axis] = drawn.along(axis)
            # By the root, so that small slices have their turn too.
            shown = np.sqrt(self._alone[self._codes[axis]].sum((1, 2)))
            self._shares[axis] = shown / shown.sum() if shown.any() else None
        sizes = np.array([codes.shape[1:] for codes in self._codes.values()]).max(0)
        divisor = info.network.divisor
        self._size = tuple(-(-sizes // divisor) * divisor)

    def draw(self, rng: np.random.Generator, count: int) -> Shown:
        """So many of them."""
        cut = self._slice if self._info.patch is None else self._block
        axes = self._info.preprocessing.axes
        items = []
        for item in range(count):
            if self._beside is not None and item % _DRAWN_OF == 0:
                items.append(self._from_beside(rng))
                continue
            axis = axes[rng.integers(len(axes))]
            share = self._shares[axis] if item % _DRAWN_OF else None
            number = int(rng.choice(len(self._codes[axis]), p=share))
            image, codes = cut(axis, number, rng)
            items.append((image, codes.astype(np.int32), axis == "sagittal"))
        images, codes, sagittal = zip(*items, strict=True)
        return Shown(
            torch.from_numpy(np.stack(images)),
            torch.from_numpy(np.stack(codes)),
            torch.tensor(sagittal),
        )

    def _from_beside(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, bool]:
        image, codes, sagittal = self._beside.draw(rng)
        middle = tuple(
            slice(max(length - size, 0) // 2, max(length - size, 0) // 2 + size)
            for length, size in zip(codes.shape, self._size, strict=True)
        )
        image = _padded(image[(slice(None), *middle)], self._size)
        codes = codes[middle].astype(np.int32) + self._own
        return image, _padded(codes, self._size), sagittal

    def _slice(
        self, axis: Axis, number: int, _: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """A slice with its neighbours, padded to one size; beyond the scan the last is repeated."""
        beside = self._info.preprocessing.neighbours
        stack, codes = self._images[axis], self._codes[axis][number]
        near = np.arange(number - beside, number + beside + 1).clip(0, stack.shape[1] - 1)
        seen = stack[:, near].reshape(-1, *stack.shape[2:])
        return _padded(seen, self._size), _padded(codes, self._size)

    def _block(
        self, axis: Axis, number: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """A block round a voxel of a slice, one that shows a single structure if any does."""
        stack, codes, patch = self._images[axis], self._codes[axis], self._info.patch
        shown = np.argwhere(self._alone[codes[number]])
        sizes = codes.shape[1:]
        place = shown[rng.integers(len(shown))] if len(shown) else rng.integers(sizes)
        start = [
            int(np.clip(middle - size // 2, 0, max(length - size, 0)))
            for middle, size, length in zip((number, *place), patch, codes.shape, strict=True)
        ]
        box = tuple(slice(first, first + size) for first, size in zip(start, patch, strict=True))
        return _padded(stack[(slice(None), *box)], patch), _padded(codes[box], patch)


def _padded(array: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """With zeros, which are black and unknown, behind the last axes."""
    leading = array.ndim - len(size)
    behind = [
        (0, wanted - length) for wanted, length in zip(size, array.shape[leading:], strict=True)
    ]
    return np.pad(array, [(0, 0)] * leading + behind)
