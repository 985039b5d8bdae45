"""Several networks side by side, one for each output channel."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Separate(nn.Module):
    """One network a channel, each of one output; they share nothing.

    With a loss that is a sum over channels, and an optimiser that treats every weight by itself,
    such as Adam, they learn as if each was trained alone.
    """

    def __init__(self, members: Sequence[nn.Module]):
        super().__init__()
        self.members = nn.ModuleList(members)
        self.divisor = members[0].divisor

    @property
    def head(self) -> nn.ModuleList:
        """The last convolution of each."""
        return nn.ModuleList(member.head for member in self.members)

    def set_bias(self, bias: Tensor) -> None:
        """Set the bias of each channel, (channels,)."""
        for member, own in zip(self.members, bias, strict=True):
            member.head.bias.fill_(own)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (B, channels, ...) of images (B, in_channels, ...)."""
        return torch.cat([member(image) for member in self.members], dim=1)
