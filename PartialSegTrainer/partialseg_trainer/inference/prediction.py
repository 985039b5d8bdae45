"""What a network says of a prepared scan: the probability of each leaf on the model's own grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext

import numpy as np
import torch
from torch import Tensor

from ..losses.heads import leaf_logits
from ..models import ModelInfo
from ..networks import memory_layout
from ..networks.folding import without_batch_norm
from ..networks.freed_memory import freed_memory_kept
from ..networks.model import Model
from ..volumes.preprocessing import AXES, Axis, Prepared, from_slices, to_slices

BATCH = 16


def count_steps(prepared: Prepared, info: ModelInfo) -> int:
    """How many steps `predict` takes: a step is a slice, or a block, that the networks see."""
    if info.patch is None:
        return sum(prepared.grid.shape[AXES.index(axis)] for axis in info.preprocessing.axes)
    from ..networks.windows import count_windows

    return count_windows(prepared.slices.shape, info.patch)


@torch.inference_mode()
def predict(
    slices: np.ndarray,
    axis: Axis,
    models: Sequence[Model],
    device: torch.device,
    advance: Callable[[int], None],
    *,
    mirror: bool = False,
) -> Tensor:
    """(L, S, H, W) float16 probabilities, on the device, of the leaves in a prepared scan's slices.

    They are the mean over the models, over the directions in which these cut scans, and, with
    `mirror`, over the scan and its mirror image.

    Args:
        slices: (S, H, W) float32 in [0, 1], cut along `axis`.
        models: an ensemble, see `as_ensemble`.
        advance: called with the number of steps done.
        mirror: whether to look at everything once more with left and right exchanged.
    """
    looks = [_look(model, device) for model in models]

    def probabilities(image: Tensor, cut: Axis) -> Tensor:
        answers = [look(image) for look in looks]
        if mirror:
            answers += [_mirrored(look, image, cut) for look in looks]
        return answers[0] if len(answers) == 1 else sum(answers) / len(answers)

    first = models[0]
    with freed_memory_kept() if device.type == "cpu" else nullcontext():
        if first.info.patch is not None:
            return _of_blocks(slices, axis, first.info.patch, probabilities, device, advance)
        return _of_slices(slices, axis, first, probabilities, device, advance)


def _look(model: Model, device: torch.device) -> Callable[[Tensor], Tensor]:
    """From images (B, C, ...) of any size to a model's probabilities (B, L, ...)."""
    layout = memory_layout(model.info.network.name)
    network = without_batch_norm(model.network).to(device, memory_format=layout)
    membership = torch.from_numpy(model.scheme.membership).to(device)

    def probabilities(image: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        padding = (0, -width % network.divisor, 0, -height % network.divisor)
        padded = torch.nn.functional.pad(image, padding).contiguous(memory_format=layout)
        logits = network(padded)[..., :height, :width].float()
        return leaf_logits(logits, model.info.head, membership).softmax(1)

    return probabilities


def _mirrored(look: Callable[[Tensor], Tensor], image: Tensor, cut: Axis) -> Tensor:
    """What is seen with left and right exchanged, put back where it belongs."""
    if image.ndim == 5:
        x = 2 if cut == "sagittal" else 3
        return look(image.flip(x)).flip(x)
    if cut == "sagittal":
        # The slices on the left of one are now on its right; it stays as it is itself.
        return look(image.flip(1))
    return look(image.flip(2)).flip(2)


def _of_slices(
    slices: np.ndarray,
    cut: Axis,
    model: Model,
    probabilities: Callable[[Tensor, Axis], Tensor],
    device: torch.device,
    advance: Callable[[int], None],
) -> Tensor:
    """One array takes in the probabilities of all directions, so memory does not grow with them."""
    preprocessing = model.info.preprocessing
    axes = preprocessing.axes
    total = torch.zeros(model.scheme.n_leaves, *slices.shape, dtype=torch.float16, device=device)
    volume = from_slices(slices, cut)
    done = 0
    for axis in axes:
        stack = _with_neighbours(to_slices(volume, axis), preprocessing.neighbours)
        target = _cut_along(total, cut, axis)
        for start in range(0, len(stack), BATCH):
            leaves = probabilities(stack[start : start + BATCH].to(device), axis)
            if len(axes) > 1:
                leaves /= len(axes)
            # To add numbers of two types, transposed besides, would take four times as long.
            target[:, start : start + BATCH] += leaves.transpose(0, 1).half()
            advance(done + min(start + BATCH, len(stack)))
        done += len(stack)
    return total


def _with_neighbours(slices: np.ndarray, neighbours: int) -> Tensor:
    """(S, C, H, W), a view: each slice with those on either side, the outermost ones repeated."""
    padded = np.pad(slices, [(neighbours, neighbours), (0, 0), (0, 0)], mode="edge")
    return torch.from_numpy(padded).unfold(0, 2 * neighbours + 1, 1).movedim(-1, 1)


def _cut_along(leaves: Tensor, now: Axis, axis: Axis) -> Tensor:
    """(L, S, H, W) cut along `now` as a view that is cut along `axis`."""
    return leaves.movedim(1, 1 + AXES.index(now)).movedim(1 + AXES.index(axis), 1)


def _of_blocks(
    slices: np.ndarray,
    cut: Axis,
    patch: tuple[int, int, int],
    probabilities: Callable[[Tensor, Axis], Tensor],
    device: torch.device,
    advance: Callable[[int], None],
) -> Tensor:
    # Here, because only the networks that see blocks come with MONAI.
    from ..networks.windows import over_windows

    done = 0

    def counted(image: Tensor) -> Tensor:
        nonlocal done
        leaves = probabilities(image, cut)
        done += len(image)
        advance(done)
        return leaves

    image = torch.from_numpy(slices)[None, None]
    return over_windows(image, patch, counted, device)[0].half()
