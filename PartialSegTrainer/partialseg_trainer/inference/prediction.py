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
from ..volumes.preprocessing import AXES, Axis, recut

BATCH = 16
# From images (B, C, ...) and the direction that they are cut in to probabilities (B, L, ...).
_Look = Callable[[Tensor, Axis], Tensor]
Advance = Callable[[int], None]


def count_steps(shape: tuple[int, int, int], axis: Axis, info: ModelInfo) -> int:
    """How many steps `predict` takes for slices of shape (S, H, W): a step is a slice, or a block,
    that the networks see.
    """
    if info.patch is None:
        count, *sizes = shape
        sizes.insert(AXES.index(axis), count)
        return sum(sizes[AXES.index(each)] for each in info.preprocessing.axes)
    from ..networks.windows import count_windows

    return count_windows(shape, info.patch)


@torch.inference_mode()
def predict(
    images: np.ndarray,
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
        images: (S, H, W) float32 in [0, 1], cut along `axis`, or (K, S, H, W) of K contrasts.
        models: an ensemble, see `as_ensemble`.
        advance: called with the number of steps done since it was called last.
        mirror: whether to look at everything once more with left and right exchanged.
    """
    info, look = models[0].info, _look_of_all(models, device, mirror)
    images = images[None] if images.ndim == 3 else images
    if info.patch is not None:
        complete = _of_blocks(images, axis, info.patch, look, device, advance)
    elif len(info.preprocessing.axes) > 1:
        complete = _of_directions(images, axis, models[0], look, device, advance)
    else:
        stack = _with_neighbours(images, info.preprocessing.neighbours)
        return _in_order(_batches(stack, axis, look, device, advance))
    return lambda part: complete[:, part]


@torch.inference_mode()
def predict_along(
    images: np.ndarray, axis: Axis, models: Sequence[Model], device: torch.device, every: int = 1
) -> Tensor:
    """Probabilities (L, s, H, W) in every so manieth of slices (K, S, H, W), seen once, one way."""
    stack = _with_neighbours(images, models[0].info.preprocessing.neighbours)[::every]
    look = _look_of_all(models, device, mirror=False)
    return torch.cat(list(_batches(stack, axis, look, device, lambda by: None)), 1)


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
    slices = models[0].info.preprocessing.channels

    def probabilities(image: Tensor, cut: Axis) -> Tensor:
        answers = [look(image) for look in looks]
        if mirror:
            answers += [_mirrored(look, image, cut, slices) for look in looks]
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


def _mirrored(look: Callable[[Tensor], Tensor], image: Tensor, cut: Axis, slices: int) -> Tensor:
    """What is seen with left and right exchanged, put back where it belongs.

    Of each contrast `slices` are seen together.
    """
    if image.ndim == 5:
        x = 2 if cut == "sagittal" else 3
        return look(image.flip(x)).flip(x)
    if cut == "sagittal":
        # The slices on the left of one are now on its right; it stays as it is itself.
        return look(image.unflatten(1, (-1, slices)).flip(2).flatten(1, 2))
    return look(image.flip(2)).flip(2)


def _of_directions(
    images: np.ndarray,
    cut: Axis,
    model: Model,
    look: _Look,
    device: torch.device,
    advance: Advance,
) -> Tensor:
    """One array takes in the probabilities of all directions, so memory does not grow with them."""
    preprocessing = model.info.preprocessing
    axes = preprocessing.axes
    total = torch.zeros(
        model.scheme.n_leaves, *images.shape[1:], dtype=torch.float16, device=device
    )
    for axis in axes:
        stack = _with_neighbours(recut(images, cut, axis), preprocessing.neighbours)
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
    """(L, B, H, W) of some slices after another, of (S, K, N, H, W) all."""
    for images in stack.split(BATCH):
        leaves = look(images.flatten(1, 2).to(device), axis).transpose(0, 1)
        advance(len(images))
        yield leaves


def _with_neighbours(images: np.ndarray, neighbours: int) -> Tensor:
    """(S, K, N, H, W), a view: of each of K contrasts a slice with those on either side.

    The outermost ones are repeated.
    """
    padded = np.pad(images, [(0, 0), (neighbours, neighbours), (0, 0), (0, 0)], mode="edge")
    near = torch.from_numpy(padded).unfold(1, 2 * neighbours + 1, 1)
    return near.permute(1, 0, 4, 2, 3)


def _cut_along(leaves: Tensor, now: Axis, axis: Axis) -> Tensor:
    """(L, S, H, W) cut along `now` as a view that is cut along `axis`."""
    return leaves.movedim(1, 1 + AXES.index(now)).movedim(1 + AXES.index(axis), 1)


def _of_blocks(
    images: np.ndarray,
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

    image = torch.from_numpy(images)[None]
    return over_windows(image, patch, counted, device)[0].half()
