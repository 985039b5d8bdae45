"""Random changes of a batch of slices, drawn and applied on the device that trains."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from ..ranks.share import WHOLE, Share
from ..settings.config import Augmentation

# Pixels between the control points of smooth random fields.
_FIELD_STEP = 32


def augment(
    image: Tensor,
    codes: Tensor,
    settings: Augmentation,
    generator: torch.Generator,
    sagittal: Tensor | None = None,
    share: Share = WHOLE,
    contrasts: int = 1,
    dropout: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Deform a batch and change its intensities.

    The slices of an item, neighbours or a block, are deformed alike, each within itself, as nnU-Net
    does where a scan has thick slices. So are the contrasts of an item, whose intensities change
    each by itself.

    Args:
        image: (B, S, H, W) float32 in [0, 1]; of several contrasts (B, K S, H, W), the slices of
            one after the other.
        codes: (B, H, W) or (B, S, H, W); what is moved in from outside becomes code 0, unknown.
        generator: on the images' device; its state decides all that is random.
        sagittal: (B,) bool, the items in which left and right lie along S and not along H; none
            unless given.
        share: which items of the batch these are, where other processes have the rest.
        contrasts: how many there are. One that an item lacks, and so is black, stays so.
        dropout: how likely each of several contrasts is made black; one at least remains.

    Returns the changed image, within [0, 1], and the codes in their own type.
    """
    draw = _Draw(len(image), image.device, generator, share)
    there = _there(image, contrasts) if contrasts > 1 else None
    if settings.head:
        parts = [_surround(part, settings.head, draw) for part in image.chunk(contrasts, 1)]
        image = _joined(parts)
    if sagittal is None:
        sagittal = torch.zeros(len(image), dtype=torch.bool, device=image.device)
    image, codes = _deform(image, codes, settings, draw, sagittal, contrasts)
    parts = [_intensities(part, settings, draw) for part in image.chunk(contrasts, 1)]
    if there is not None:
        if dropout:
            there = there & _kept(there, dropout, draw)
        parts = [part.mul_(shown) for part, shown in zip(parts, there.unbind(1), strict=True)]
    return _joined(parts), codes


def _intensities(image: Tensor, settings: Augmentation, draw: _Draw) -> Tensor:
    """Change those of one contrast, (B, S, H, W)."""
    image = _coarsen(image, settings.blur, draw)
    if settings.inversion:
        image = _invert(image, settings.inversion, draw)
    # In place from here on: to have new memory for each result takes longer than to compute it.
    _bend_tone(image, settings.tone, draw)
    image.mul_(draw.field(image.shape[2:], settings.bias).exp_())
    image.addcmul_(draw.normal(*image.shape[1:]), settings.noise * draw.uniform(0, 1))
    return image.clamp_(0, 1)


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts, 1)


def _there(image: Tensor, contrasts: int) -> Tensor:
    """(B, K, 1, 1, 1) bool: which contrasts of an item are not black all over."""
    of_each = image.unflatten(1, (contrasts, -1))
    return of_each.flatten(2).amax(2).view(len(image), contrasts, 1, 1, 1) > 0


def _kept(there: Tensor, dropout: float, draw: _Draw) -> Tensor:
    """(B, K, 1, 1, 1) bool: which contrasts are not dropped, one at least of those there are."""
    drawn = torch.stack([draw.uniform(0, 1) for _ in range(there.shape[1])], 1)
    # Of one of them the draw is the largest, and that one stays.
    last = drawn.masked_fill(~there, -1).amax(1, keepdim=True)
    return (drawn >= dropout) | (drawn == last)


class _Draw:
    """Random numbers for each of B items, drawn for the whole batch that they are a share of."""

    def __init__(self, items: int, device: torch.device, generator: torch.Generator, share: Share):
        self._batch, self._share = items * share.count, share
        self._on = {"device": device, "generator": generator}
        # What the CPU has to know is drawn there, or it would wait for all that a GPU has to do.
        on_gpu = device.type != "cpu"
        seed = generator.initial_seed()
        self._here = torch.Generator().manual_seed(seed) if on_gpu else generator

    def uniform(self, low: float, high: float) -> Tensor:
        """(B, 1, 1, 1) uniform in [low, high)."""
        drawn = torch.rand(self._batch, 1, 1, 1, **self._on)
        return low + (high - low) * drawn[self._share.items]

    def uniform_of_all(self, low: float, high: float) -> float:
        """One number for the whole batch, uniform in [low, high)."""
        # As many as there are items, of which trainings that go on from a checkpoint have used one.
        return low + (high - low) * float(torch.rand(self._batch, generator=self._here)[0])

    def normal(self, *shape: int) -> Tensor:
        """(B, *shape) normal."""
        return torch.randn(self._batch, *shape, **self._on)[self._share.items]

    def chosen(self, probability: float) -> Tensor:
        """(B, 1, 1, 1) bool."""
        return self.uniform(0, 1) < probability

    def field(self, size: torch.Size, deviation: float, channels: int = 1) -> Tensor:
        """(B, channels, H, W) smooth normal noise."""
        coarse = [max(2, length // _FIELD_STEP + 2) for length in size]
        points = self.normal(channels, *coarse) * deviation
        rows, columns = (
            _bicubic(number, length, points.device)
            for number, length in zip(coarse, size, strict=True)
        )
        return rows @ points @ columns.T


@lru_cache(maxsize=16)
def _bicubic(points: int, length: int, device: torch.device) -> Tensor:
    """(length, points), which makes a line of pixels of control points at even distances.

    Twice a product with it is what `interpolate` does to both sides, in a twentieth of the time.
    """
    line = torch.eye(points)[None, None]
    size = (length, points)
    pixels = functional.interpolate(line, size=size, mode="bicubic", align_corners=True)
    return pixels[0, 0].to(device)


def _deform(
    image: Tensor,
    codes: Tensor,
    settings: Augmentation,
    draw: _Draw,
    sagittal: Tensor,
    contrasts: int,
) -> tuple[Tensor, Tensor]:
    height, width = image.shape[2:]
    angle = draw.uniform(-settings.rotation, settings.rotation) * math.pi / 180
    scale = 1 + draw.uniform(-settings.scale, settings.scale)
    stretch = 1 + draw.uniform(-settings.scale / 2, settings.scale / 2)
    shear = draw.uniform(-settings.shear, settings.shear)
    mirrored = draw.chosen(0.5 if settings.flip else 0.0)
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    # Rows are (x, y) of grid_sample, where x runs along W and y, left to right in RAS, along H.
    # Its coordinates run from -1 to 1 on both sides, so a rotation must undo the aspect ratio.
    aspect = height / width
    sagittal = sagittal.view(-1, 1, 1, 1)
    flip = torch.where(mirrored & ~sagittal, -1.0, 1.0)
    of_x = torch.cat([cos * stretch, sin / aspect * stretch], 1)
    of_y = torch.cat([(shear - sin) * aspect * flip, cos * flip], 1)
    x, y = (_centres(length, image.device) for length in (width, height))
    grid = draw.field(image.shape[2:], settings.displacement, channels=2)
    grid[:, 0].mul_(2 / width)
    grid[:, 1].mul_(2 / height)
    grid.add_(of_x * x).add_(of_y * y[:, None])
    grid = grid.permute(0, 2, 3, 1)
    moved = functional.grid_sample(image, grid, mode="bilinear", align_corners=False)
    # Codes are exact in float32 up to 2^24; nearest neighbours never mix two of them.
    labels = functional.grid_sample(
        codes.view(len(codes), -1, height, width).float(),
        grid,
        **{"mode": "nearest", "align_corners": False},
    )
    reverse = mirrored & sagittal
    moved, labels = (
        torch.where(reverse, _turned(each, count), each) if each.shape[1] > count else each
        for each, count in ((moved, contrasts), (labels, 1))
    )
    return moved, labels.view(codes.shape).to(codes.dtype)


def _turned(image: Tensor, contrasts: int) -> Tensor:
    """The slices of each contrast in the other order."""
    return image.unflatten(1, (contrasts, -1)).flip(2).flatten(1, 2)


def _centres(length: int, device: torch.device) -> Tensor:
    """(length,) where the pixels of a side lie, which reaches from -1 to 1."""
    return (2 * torch.arange(length, device=device) + 1) / length - 1


def _coarsen(image: Tensor, probability: float, draw: _Draw) -> Tensor:
    """Simulate thick voxels: average and interpolate back, along one side or both."""
    size = image.shape[2:]
    height, width = draw.uniform_of_all(1, 3), draw.uniform_of_all(1, 3)
    small = [max(1, round(size[0] / height)), max(1, round(size[1] / width))]
    # On Apple's GPU torch averages only where the sizes divide evenly (pytorch/pytorch#96056).
    source = image.cpu() if image.device.type == "mps" else image
    coarse = functional.interpolate(source, size=small, mode="area").to(image.device)
    coarse = functional.interpolate(coarse, size=size, mode="bilinear", align_corners=False)
    return torch.where(draw.chosen(probability), coarse, image)


def _invert(image: Tensor, probability: float, draw: _Draw) -> Tensor:
    """Make what is bright dark, as T1 does to T2; the background stays 0."""
    inverse = (1.05 - image).clamp_(0.01, 1)
    return torch.where(draw.chosen(probability) & (image > 0), inverse, image)


def _bend_tone(image: Tensor, strength: float, draw: _Draw) -> None:
    """Change contrast by a random smooth curve that keeps 0 and 1: a sum of half waves."""
    for waves in (1, 2, 3):
        size = draw.uniform(-1, 1) * strength / waves
        image.addcmul_((image * (math.pi * waves)).sin_(), size)


def _surround(image: Tensor, probability: float, draw: _Draw) -> Tensor:
    """Paint rings like fluid, skull and scalp, and tissue beyond, where the background is 0.

    Masked atlases and whole heads differ most in what lies around the brain; its distance from the
    brain is read off a blurred mask, which is cheap on any device.
    """
    brain = (image > 0).float()
    masked = (brain.mean((1, 2, 3), keepdim=True) < 0.95) & (brain.amax((1, 2, 3), True) > 0)
    near = brain
    for _ in range(4):
        near = functional.avg_pool2d(near, 9, stride=1, padding=4)
    # Falls from about 0.5 at the brain's edge to 0 some 16 pixels away; noise makes it irregular.
    near = near * torch.exp(draw.field(image.shape[2:], 0.15))
    texture = torch.exp(draw.field(image.shape[2:], 0.3)) * (
        1 + 0.1 * draw.normal(*image.shape[1:])
    )
    surroundings = torch.zeros_like(image)
    outer = draw.uniform(0.0, 0.6) * draw.chosen(0.5)
    surroundings = surroundings + outer * (near < 0.03)
    edges = [draw.uniform(0.25, 0.5), draw.uniform(0.12, 0.25), draw.uniform(0.03, 0.12)]
    fluid, skull = draw.uniform(0.3, 1.0), draw.uniform(0.0, 0.25)
    scalp = draw.uniform(0.3, 1.0)
    surroundings = torch.where(near >= 0.03, scalp, surroundings)
    surroundings = torch.where(near > edges[2], scalp, surroundings)
    surroundings = torch.where(near > edges[1], skull, surroundings)
    surroundings = torch.where(near > edges[0], fluid, surroundings)
    painted = torch.where(brain > 0, image, (surroundings * texture).clamp(0, 1))
    return torch.where(draw.chosen(probability) & masked, painted, image)
