"""A batch in pieces that the processor's cache holds."""

from __future__ import annotations

from torch import Tensor

# With ten labels, 2.6 MB in float32: larger pieces are up to half slower, smaller ones have more
# calls than work.
_VOXELS = 1 << 16


def pieces(*tensors: Tensor) -> list[tuple[Tensor, ...]]:
    """Each as views of a few images of the batch; on a GPU, of the whole batch at once.

    Args:
        tensors: (B, C, ...), the first, and others of B images.
    """
    first = tensors[0]
    images = max(1, _VOXELS // first[0, 0].numel()) if first.device.type == "cpu" else len(first)
    return [tensor.split(images) for tensor in tensors]
