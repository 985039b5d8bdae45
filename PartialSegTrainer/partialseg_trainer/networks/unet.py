"""The paper's two-dimensional U-Net."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class UNet(nn.Module):
    """U-Net (Ronneberger et al., MICCAI 2015) as in Kucheruk et al., MLHC 2025.

    Two 3x3 convolutions a level, each with batch normalisation and ReLU; max pooling down,
    transposed convolutions up, skip connections. With 11 output channels, 16 filters and 5 levels
    it has the paper's 1.94 million parameters; MONAI's networks of this kind differ in the width
    of the last decoder block, and so in size.

    Args:
        width: filters of the first level, doubled at each level below.
        depth: levels; H and W of the input must be multiples of ``2 ** (depth - 1)``.
    """

    def __init__(self, in_channels: int, out_channels: int, width: int = 16, depth: int = 5):
        super().__init__()
        widths = [width * 2**level for level in range(depth)]
        self.divisor = 2 ** (depth - 1)
        self.down = nn.ModuleList(
            _block(above, below)
            for above, below in zip([in_channels, *widths], widths, strict=False)
        )
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(2 * filters, filters, kernel_size=2, stride=2)
            for filters in widths[:-1]
        )
        self.join = nn.ModuleList(_block(2 * filters, filters) for filters in widths[:-1])
        self.head = nn.Conv2d(width, out_channels, kernel_size=1)

    @property
    def decoder_levels(self) -> list[tuple[nn.Module, int]]:
        """The block of each level of the decoder, the finest first, and its channels."""
        return [(block, up.out_channels) for block, up in zip(self.join, self.up, strict=True)]

    def forward(self, image: Tensor) -> Tensor:
        """Logits (B, out_channels, H, W) of images (B, in_channels, H, W)."""
        skips = []
        features = self.down[0](image)
        for block in self.down[1:]:
            skips.append(features)
            features = block(functional.max_pool2d(features, 2))
        for up, join in zip(reversed(self.up), reversed(self.join), strict=True):
            # Taken out of the list, so that without gradients its memory is free for what follows.
            features = join(torch.cat([skips.pop(), up(features)], dim=1))
        return self.head(features)


def _block(in_channels: int, out_channels: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (in_channels, out_channels):
        layers += [
            # The normalisation brings its own shift, so the convolution has no bias.
            nn.Conv2d(channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)
