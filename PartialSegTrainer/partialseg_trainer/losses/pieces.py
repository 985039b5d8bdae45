"""A batch in pieces that the processor's cache holds."""

from __future__ import annotations

import torch
from torch import Tensor

# For each thread, 5 MB of ten labels in float32. Larger pieces leave the cache and take a quarter
# longer; smaller ones gain nothing, and their threads wait for each other more often.
_VOXELS = 1 << 17


def pieces(*tensors: Tensor) -> list[tuple[Tensor, ...]]:
    """Each as views of a few images of the batch; on a GPU, of the whole batch at once.

    Args:
        tensors: (B, C, ...), the first, and others of B images.
    """
    first = tensors[0]
    images = len(first)
    if first.device.type == "cpu":
        images = max(1, _VOXELS * torch.get_num_threads() // first[0, 0].numel())
    return [tensor.split(images) for tensor in tensors]
