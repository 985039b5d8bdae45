"""One network that is told which output channel is asked for."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Conditional(nn.Module):
    """A network of one output, asked for each channel in turn.

    Beside the image it is shown a plane for each channel: 1 for the one that is asked for, 0 for
    the others.

    Args:
        member: takes `channels` more input channels than the images have.
    """

    def __init__(self, member: nn.Module, channels: int):
        super().__init__()
        self.member = member
        self.channels = channels
        self.divisor = member.divisor

    @property
    def head(self) -> nn.Module:
        """The last convolution."""
        return self.member.head

    def set_bias(self, bias: Tensor) -> None:
        """Set the one bias to the mean of those of the channels, (channels,)."""
        self.head.bias.fill_(bias.mean())

    def forward(self, image: Tensor) -> Tensor:
        """Logits (B, channels, ...) of images (B, in_channels, ...)."""
        asked = [self._asking_for(channel, image) for channel in range(self.channels)]
        if self.training:
            # All in one batch: normalised one by one, no channel would be told from another.
            return torch.cat(self.member(torch.cat(asked)).split(len(image)), dim=1)
        return torch.cat([self.member(one) for one in asked], dim=1)

    def _asking_for(self, channel: int, image: Tensor) -> Tensor:
        question = torch.zeros(self.channels, dtype=image.dtype, device=image.device)
        question[channel] = 1
        planes = question.view(1, -1, *[1] * (image.ndim - 2))
        return torch.cat([image, planes.expand(len(image), -1, *image.shape[2:])], dim=1)
