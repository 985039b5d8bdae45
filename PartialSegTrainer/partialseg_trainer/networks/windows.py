"""Whole volumes through a network that sees blocks: overlapping windows, blended."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from monai.inferers import sliding_window_inference
from torch import Tensor

_OVERLAP = 0.5


def over_windows(
    image: Tensor,
    window: Sequence[int],
    predict: Callable[[Tensor], Tensor],
    device: torch.device | None = None,
) -> Tensor:
    """The mean of what `predict` gives for windows that overlap by half, centres weighing most.

    Args:
        image: (B, C, S, H, W); where it is smaller than a window, black is added.
        window: (S, H, W) of a window.
        predict: from (1, C, S, H, W) on `device` to (1, L, S, H, W).
        device: that of `predict`; the image's own unless given. The result is on the image's.
    """
    return sliding_window_inference(
        image,
        window,
        sw_batch_size=1,
        predictor=predict,
        overlap=_OVERLAP,
        mode="gaussian",
        sw_device=device or image.device,
        device=image.device,
    )


def count_windows(shape: Sequence[int], window: Sequence[int]) -> int:
    """How often `over_windows` calls `predict` for one image of `shape`, (S, H, W)."""
    counts = [
        math.ceil(max(size - length, 0) / max(int(length * (1 - _OVERLAP)), 1)) + 1
        for size, length in zip(shape, window, strict=True)
    ]
    return math.prod(counts)
