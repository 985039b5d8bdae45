"""MONAI's DynUNet, a U-Net over blocks."""

from __future__ import annotations

from monai.networks.nets import DynUNet
from torch import Tensor, nn

# nnU-Net's limit for networks in 3D: beyond it a level is not made wider than the one above.
_MOST_FILTERS = 320


class DynamicUNet(nn.Module):
    """The U-Net of nnU-Net (Isensee et al., Nature Methods 2021) as MONAI has it, in 3D.

    Two 3x3x3 convolutions a level, each with instance normalisation and leaky ReLU; strided
    convolutions down, transposed ones up; without deep supervision of MONAI's own.

    Args:
        width: filters of the first level, doubled at each level below up to 320.
        depth: levels, at least 3; the sides of a block must be multiples of ``2 ** (depth - 1)``,
            and the lowest level needs more than one voxel to normalise.
    """

    def __init__(self, in_channels: int, out_channels: int, width: int = 16, depth: int = 5):
        super().__init__()
        self.divisor = 2 ** (depth - 1)
        self.body = DynUNet(
            spatial_dims=3,
            in_channels=in_channels,
            out_channels=out_channels,
            kernel_size=[3] * depth,
            strides=[1] + [2] * (depth - 1),
            upsample_kernel_size=[2] * (depth - 1),
            filters=[min(width * 2**level, _MOST_FILTERS) for level in range(depth)],
            norm_name=("INSTANCE", {"affine": True}),
        )
        # It names every block a second time, and safetensors stores nothing twice.
        del self.body.skip_layers

    @property
    def head(self) -> nn.Conv3d:
        """The last convolution."""
        return self.body.output_block.conv.conv

    @property
    def decoder_levels(self) -> list[tuple[nn.Module, int]]:
        """The block of each level of the decoder, the finest first, and its channels."""
        blocks = reversed(self.body.upsamples)
        return [(block, block.transp_conv.conv.out_channels) for block in blocks]

    def forward(self, image: Tensor) -> Tensor:
        """Logits (B, out_channels, S, H, W) of blocks (B, in_channels, S, H, W)."""
        features = self.body.input_block(image)
        skips = []
        for block in (*self.body.downsamples, self.body.bottleneck):
            skips.append(features)
            features = block(features)
        for block, skip in zip(self.body.upsamples, reversed(skips), strict=True):
            features = block(features, skip)
        return self.body.output_block(features)
