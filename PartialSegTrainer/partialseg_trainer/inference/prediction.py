"""What a network says of a prepared scan: the probability of each leaf on the model's own grid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ..losses.heads import leaf_logits
from ..networks import memory_layout
from ..networks.model import Model
from ..volumes.preprocessing import AXES, Axis, Prepared, from_slices, to_slices

_BATCH = 16


def count_steps(prepared: Prepared, model: Model) -> int:
    """How many steps `predict` takes: a step is a slice, or a block, that the network sees."""
    if model.info.patch is None:
        return sum(prepared.grid.shape[AXES.index(axis)] for axis in model.info.preprocessing.axes)
    from ..networks.windows import count_windows

    return count_windows(prepared.slices.shape, model.info.patch)


@torch.inference_mode()
def predict(
    slices: np.ndarray,
    axis: Axis,
    model: Model,
    device: torch.device,
    advance: Callable[[int], None],
) -> np.ndarray:
    """(L, S, H, W) float16 probabilities of the leaves in the slices of a prepared scan.

    A model that cuts scans along several axes gives the mean over these.

    Args:
        slices: (S, H, W) float32 in [0, 1], cut along `axis`.
        advance: called with the number of steps done.
    """
    layout = memory_layout(model.info.network.name)
    network = model.network.to(device, memory_format=layout)
    membership = torch.from_numpy(model.scheme.membership).to(device)

    def probabilities(image: Tensor) -> Tensor:
        logits = network(image.contiguous(memory_format=layout)).float()
        return leaf_logits(logits, model.info.head, membership).softmax(1)

    if model.info.patch is not None:
        return _of_blocks(slices, model.info.patch, probabilities, device, advance)
    return _of_slices(slices, axis, model, probabilities, device, advance)


def _of_slices(
    slices: np.ndarray,
    cut: Axis,
    model: Model,
    probabilities: Callable[[Tensor], Tensor],
    device: torch.device,
    advance: Callable[[int], None],
) -> np.ndarray:
    """One array takes in the probabilities of all directions, so memory does not grow with them."""
    preprocessing, divisor = model.info.preprocessing, model.network.divisor
    axes = preprocessing.axes
    total = torch.zeros(model.scheme.n_leaves, *slices.shape, dtype=torch.float16)
    volume = from_slices(slices, cut)
    done = 0
    for axis in axes:
        stack = _with_neighbours(to_slices(volume, axis), preprocessing.neighbours)
        height, width = stack.shape[2:]
        padding = (0, -width % divisor, 0, -height % divisor)
        target = _cut_along(total, cut, axis)
        for start in range(0, len(stack), _BATCH):
            batch = torch.nn.functional.pad(stack[start : start + _BATCH].to(device), padding)
            leaves = probabilities(batch)[:, :, :height, :width] / len(axes)
            target[:, start : start + _BATCH] += leaves.transpose(0, 1).half().cpu()
            advance(done + min(start + _BATCH, len(stack)))
        done += len(stack)
    return total.numpy()


def _with_neighbours(slices: np.ndarray, neighbours: int) -> Tensor:
    """(S, C, H, W), a view: each slice with those on either side, the outermost ones repeated."""
    padded = np.pad(slices, [(neighbours, neighbours), (0, 0), (0, 0)], mode="edge")
    return torch.from_numpy(padded).unfold(0, 2 * neighbours + 1, 1).movedim(-1, 1)


def _cut_along(leaves: Tensor, now: Axis, axis: Axis) -> Tensor:
    """(L, S, H, W) cut along `now` as a view that is cut along `axis`."""
    return leaves.movedim(1, 1 + AXES.index(now)).movedim(1 + AXES.index(axis), 1)


def _of_blocks(
    slices: np.ndarray,
    patch: tuple[int, int, int],
    probabilities: Callable[[Tensor], Tensor],
    device: torch.device,
    advance: Callable[[int], None],
) -> np.ndarray:
    # Here, because only the networks that see blocks come with MONAI.
    from ..networks.windows import over_windows

    done = 0

    def counted(image: Tensor) -> Tensor:
        nonlocal done
        leaves = probabilities(image)
        done += len(image)
        advance(done)
        return leaves

    image = torch.from_numpy(slices)[None, None]
    return over_windows(image, patch, counted, device)[0].half().numpy()
