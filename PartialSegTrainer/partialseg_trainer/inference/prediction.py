"""What a network says of a prepared scan: the probability of each leaf on the model's own grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from ..losses.heads import leaf_logits
from ..models import ModelInfo
from ..networks import memory_layout
from ..networks.folding import without_batch_norm
from ..networks.model import Model
from ..volumes.preprocessing import AXES, Axis, Prepared, from_slices, to_slices

BATCH = 16
# From images (B, C, ...) and the direction that they are cut in to probabilities (B, L, ...).
_Look = Callable[[Tensor, Axis], Tensor]
Advance = Callable[[int], None]


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
    advance: Advance,
    *,
    mirror: bool = False,
) -> Callable[[slice], Tensor]:
    """What gives the probabilities of the leaves in parts of a prepared scan's slices.

    Asked for a part of the S slices it gives (L, s, H, W) float16, on the device: the mean over the
    models, over the directions in which these cut scans, and, with `mirror`, over the scan and its
    mirror image. No part may begin before the one that was asked for last: what lies behind is
    forgotten, and what lies ahead is predicted when it is asked for, so that few slices are in
    memory at once. Where scans are cut in several directions, or into blocks, all is predicted
    here and now.

    Args:
        slices: (S, H, W) float32 in [0, 1], cut along `axis`.
        models: an ensemble, see `as_ensemble`.
        advance: called with the number of steps done since it was called last.
        mirror: whether to look at everything once more with left and right exchanged.
    """
    info, look = models[0].info, _look_of_all(models, device, mirror)
    if info.patch is not None:
        complete = _of_blocks(slices, axis, info.patch, look, device, advance)
    elif len(info.preprocessing.axes) > 1:
        complete = _of_directions(slices, axis, models[0], look, device, advance)
    else:
        stack = _with_neighbours(slices, info.preprocessing.neighbours)
        return _in_order(_batches(stack, axis, look, device, advance))
    return lambda part: complete[:, part]


def _in_order(batches: Iterator[Tensor]) -> Callable[[slice], Tensor]:
    """Parts of all batches put together, of which no more is kept than the last part needed."""
    kept, first = next(batches).half(), 0

    def leaves(part: slice) -> Tensor:
        nonlocal kept, first
        ahead = [kept]
        while first + sum(each.shape[1] for each in ahead) < part.stop:
            ahead.append(next(batches).half())
        if len(ahead) > 1:
            kept = torch.cat(ahead, 1)
        kept, first = kept[:, part.start - first :], part.start
        return kept[:, : part.stop - first]

    return leaves


def _look_of_all(models: Sequence[Model], device: torch.device, mirror: bool) -> _Look:
    """The mean of what all models see, and of what they see in the mirror."""
    looks = [_look(model, device) for model in models]

    def probabilities(image: Tensor, cut: Axis) -> Tensor:
        answers = [look(image) for look in looks]
        if mirror:
            answers += [_mirrored(look, image, cut) for look in looks]
        return answers[0] if len(answers) == 1 else sum(answers) / len(answers)

    return probabilities


def _look(model: Model, device: torch.device) -> Callable[[Tensor], Tensor]:
    """From images (B, C, ...) of any size to a model's probabilities (B, L, ...)."""
    info = model.info
    layout = memory_layout(info.network.name)
    network = without_batch_norm(model.network).to(device, memory_format=layout)

    def probabilities(image: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        padding = (0, -width % network.divisor, 0, -height % network.divisor)
        padded = torch.nn.functional.pad(image, padding).contiguous(memory_format=layout)
        logits = network(padded)[..., :height, :width].float()
        leaves = leaf_logits(logits, info.head, model.scheme, info.decoding, info.untold)
        return leaves.softmax(1)

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


def _of_directions(
    slices: np.ndarray,
    cut: Axis,
    model: Model,
    look: _Look,
    device: torch.device,
    advance: Advance,
) -> Tensor:
    """One array takes in the probabilities of all directions, so memory does not grow with them."""
    preprocessing = model.info.preprocessing
    axes = preprocessing.axes
    total = torch.zeros(model.scheme.n_leaves, *slices.shape, dtype=torch.float16, device=device)
    volume = from_slices(slices, cut)
    for axis in axes:
        stack = _with_neighbours(to_slices(volume, axis), preprocessing.neighbours)
        target = _cut_along(total, cut, axis)
        start = 0
        for leaves in _batches(stack, axis, look, device, advance):
            leaves /= len(axes)
            # To add numbers of two types would take four times as long.
            target[:, start : start + leaves.shape[1]] += leaves.half()
            start += leaves.shape[1]
    return total


@torch.inference_mode()
def _batches(
    stack: Tensor, axis: Axis, look: _Look, device: torch.device, advance: Advance
) -> Iterator[Tensor]:
    """(L, B, H, W) of some slices after another, of (S, C, H, W) all."""
    for images in stack.split(BATCH):
        leaves = look(images.to(device), axis).transpose(0, 1)
        advance(len(images))
        yield leaves


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
    look: _Look,
    device: torch.device,
    advance: Advance,
) -> Tensor:
    # Here, because only the networks that see blocks come with MONAI.
    from ..networks.windows import over_windows

    def counted(image: Tensor) -> Tensor:
        leaves = look(image, cut)
        advance(len(image))
        return leaves

    image = torch.from_numpy(slices)[None, None]
    return over_windows(image, patch, counted, device)[0].half()
