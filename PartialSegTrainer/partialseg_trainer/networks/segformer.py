"""SegFormer, a transformer over slices."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional
from transformers import SegformerConfig, SegformerForSemanticSegmentation

# Of SegFormer-B0 and -B1, which differ in their width alone.
_WIDTHS, _BLOCKS = (1, 2, 5, 8), 2


class SegFormer(nn.Module):
    """SegFormer (Xie et al., NeurIPS 2021) in the implementation of transformers, untrained.

    The usual size, 32 filters and 4 levels, is SegFormer-B0; with 64 filters it is -B1. Logits are
    computed at a quarter of the image's resolution and interpolated, as in the paper.

    Args:
        width: channels of the first level; the next have 2, 5 and 8 times as many.
        depth: levels; H and W of the input must be multiples of ``4 * 2 ** (depth - 1)``.
    """

    def __init__(self, in_channels: int, out_channels: int, width: int = 32, depth: int = 4):
        super().__init__()
        self.divisor = 4 * 2 ** (depth - 1)
        self.body = SegformerForSemanticSegmentation(
            SegformerConfig(
                num_channels=in_channels,
                num_labels=out_channels,
                num_encoder_blocks=depth,
                depths=[_BLOCKS] * depth,
                hidden_sizes=[width * factor for factor in _WIDTHS[:depth]],
                num_attention_heads=_WIDTHS[:depth],
                sr_ratios=[2 ** (depth - 1 - level) for level in range(depth)],
                patch_sizes=[7, 3, 3, 3][:depth],
                strides=[4, 2, 2, 2][:depth],
                mlp_ratios=[4] * depth,
            )
        )

    @property
    def head(self) -> nn.Conv2d:
        """The last convolution."""
        return self.body.decode_head.classifier

    def forward(self, image: Tensor) -> Tensor:
        """Logits (B, out_channels, H, W) of images (B, in_channels, H, W)."""
        coarse = self.body(image).logits
        return functional.interpolate(
            coarse, size=image.shape[2:], mode="bilinear", align_corners=False
        )
