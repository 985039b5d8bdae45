"""Random changes of a batch of slices, drawn and applied on the device that trains."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from .config import Augmentation
from .share import WHOLE, Share

# Pixels between the control points of smooth random fields.
_FIELD_STEP = 32


def augment(
    image: Tensor,
    codes: Tensor,
    settings: Augmentation,
    generator: torch.Generator,
    sagittal: Tensor | None = None,
    share: Share = WHOLE,
) -> tuple[Tensor, Tensor]:
    """Deform a batch and change its intensities.

    The slices of an item, neighbours or a block, are deformed alike, each within itself, as nnU-Net
    does where a scan has thick slices.

    Args:
        image: (B, S, H, W) float32 in [0, 1].
        codes: (B, H, W) or (B, S, H, W); what is moved in from outside becomes code 0, unknown.
        generator: on the images' device; its state decides all that is random.
        sagittal: (B,) bool, the items in which left and right lie along S and not along H; none
            unless given.
        share: which items of the batch these are, where other processes have the rest.

    Returns the changed image, within [0, 1], and the codes in their own type.
    """
    draw = _Draw(len(image), image.device, generator, share)
    if settings.head:
        image = _surround(image, settings.head, draw)
    if sagittal is None:
        sagittal = torch.zeros(len(image), dtype=torch.bool, device=image.device)
    image, codes = _deform(image, codes, settings, draw, sagittal)
    image = _coarsen(image, settings.blur, draw)
    image = _bend_tone(image, settings.tone, draw)
    image = image * torch.exp(draw.field(image.shape[2:], settings.bias))
    image = image + draw.normal(*image.shape[1:]) * settings.noise * draw.uniform(0, 1)
    return image.clamp(0, 1), codes


class _Draw:
    """Random numbers for each of B items, drawn for the whole batch that they are a share of."""

    def __init__(self, items: int, device: torch.device, generator: torch.Generator, share: Share):
        self._batch, self._share = items * share.count, share
        self._on = {"device": device, "generator": generator}

    def uniform(self, low: float, high: float) -> Tensor:
        """(B, 1, 1, 1) uniform in [low, high)."""
        return self._uniform(low, high)[self._share.items]

    def uniform_of_all(self, low: float, high: float) -> float:
        """One number for the whole batch, uniform in [low, high)."""
        return float(self._uniform(low, high)[0])

    def _uniform(self, low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(self._batch, 1, 1, 1, **self._on)

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
        return functional.interpolate(points, size=size, mode="bicubic", align_corners=True)


def _deform(
    image: Tensor, codes: Tensor, settings: Augmentation, draw: _Draw, sagittal: Tensor
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
    zero = torch.zeros_like(cos)
    affine = torch.cat(
        [
            torch.cat([cos * stretch, (shear - sin) * aspect * flip, zero], 3),
            torch.cat([sin / aspect * stretch, cos * flip, zero], 3),
        ],
        2,
    ).squeeze(1)
    grid = functional.affine_grid(affine, list(image.shape), align_corners=False)
    shift = draw.field(image.shape[2:], settings.displacement, channels=2)
    pixels = torch.tensor([2 / width, 2 / height], device=image.device).view(1, 2, 1, 1)
    grid = grid + (shift * pixels).permute(0, 2, 3, 1)
    moved = functional.grid_sample(image, grid, mode="bilinear", align_corners=False)
    # Codes are exact in float32 up to 2^24; nearest neighbours never mix two of them.
    labels = functional.grid_sample(
        codes.view(len(codes), -1, height, width).float(),
        grid,
        **{"mode": "nearest", "align_corners": False},
    )
    reverse = mirrored & sagittal
    moved, labels = (torch.where(reverse, each.flip(1), each) for each in (moved, labels))
    return moved, labels.view(codes.shape).to(codes.dtype)


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


def _bend_tone(image: Tensor, strength: float, draw: _Draw) -> Tensor:
    """Change contrast by a random smooth curve that keeps 0 and 1: a sum of half waves."""
    for waves in (1, 2, 3):
        size = draw.uniform(-1, 1) * strength / waves
        image = image + size * torch.sin(math.pi * waves * image)
    return image


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
