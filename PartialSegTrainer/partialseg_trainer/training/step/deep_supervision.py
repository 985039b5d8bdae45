"""Deep supervision: coarser levels of the decoder learn what the finest one does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ...networks import decoder_levels


class DeepSupervision(nn.Module):
    """The loss of several levels of a decoder, each of half the weight of the finer one.

    The weights sum to 1 (Lee et al., AISTATS 2015; Isensee et al., Nature Methods 2021). Each
    coarser level has a last layer of its own here, so the network stays what it is. What is known
    at its voxels is that of the voxel at the corner of each.
    """

    def __init__(self, network: nn.Module, out_channels: int):
        super().__init__()
        _, *levels = decoder_levels(network)
        dimensions = network.head.weight.ndim - 2
        layer = {2: nn.Conv2d, 3: nn.Conv3d}[dimensions]
        self.heads = nn.ModuleList(
            layer(channels, out_channels, kernel_size=1) for _, channels in levels
        )
        self._dimensions = dimensions
        self._logits: list[Tensor] = []

    def set_bias(self, bias: Tensor) -> None:
        """What every level says of an empty image."""
        with torch.no_grad():
            for head in self.heads:
                head.bias.copy_(bias)

    @contextmanager
    def watching(self, network: nn.Module) -> Iterator[None]:
        """Keep what the levels say while a network, the one it was made for, runs."""
        self._logits = [torch.empty(0)] * len(self.heads)
        _, *levels = decoder_levels(network)
        hooks = []
        for place, ((block, _), head) in enumerate(zip(levels, self.heads, strict=True)):

            def keep(_: nn.Module, __: object, features: Tensor, place=place, head=head) -> None:
                self._logits[place] = head(features)

            hooks.append(block.register_forward_hook(keep))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def total(
        self, finest: Tensor, codes: Tensor, loss: Callable[[Tensor, Tensor], Tensor]
    ) -> Tensor:
        """The weighted mean of the loss of the finest level and of those that were watched.

        Args:
            finest: the loss of the finest level.
            codes: (B, ...) of the finest level.
            loss: of logits and codes.
        """
        weights = [0.5**level for level in range(len(self.heads) + 1)]
        summed = finest * weights[0]
        for level, logits in enumerate(self._logits, start=1):
            step = slice(None, None, 2**level)
            coarser = codes[(slice(None), *[step] * self._dimensions)].contiguous()
            summed = summed + weights[level] * loss(logits, coarser)
        self._logits = []
        return summed / sum(weights)
