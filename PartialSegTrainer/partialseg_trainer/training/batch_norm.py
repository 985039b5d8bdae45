"""Batch normalisation over a batch that several processes on CPUs share."""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch.plugins.layer_sync import LayerSync
from torch import Tensor, distributed, nn
from torch.autograd import Function


class SharedBatchNorm(LayerSync):
    """Lets Lightning share the normalisation of a network among processes on CPUs.

    For GPUs there is torch's SyncBatchNorm, which does the same and works on nothing else.
    """

    def __init__(self) -> None:
        self._kinds: dict[nn.Module, type[nn.Module]] = {}

    def apply(self, model: nn.Module) -> nn.Module:
        kinds = (nn.BatchNorm2d, nn.BatchNorm3d)
        self._kinds = {layer: type(layer) for layer in model.modules() if isinstance(layer, kinds)}
        for layer in self._kinds:
            layer.__class__ = _OfAllShares
        return model

    def revert(self, model: nn.Module) -> nn.Module:
        for layer, kind in self._kinds.items():
            layer.__class__ = kind
        return model


class _OfAllShares(nn.modules.batchnorm._BatchNorm):
    """While training, takes mean and variance over the shares of all processes, of one size each.

    So a network learns the same in any number of them.
    """

    def _check_input_dim(self, input: Tensor) -> None: ...

    def forward(self, image: Tensor) -> Tensor:
        if not self.training:
            return super().forward(image)
        var, mean = torch.var_mean(image, [0, *range(2, image.ndim)], correction=0)
        # In double precision, because two numbers that may be large and alike are subtracted.
        mean, var = mean.double(), var.double()
        count = distributed.get_world_size()
        mean, square = _Sum.apply(torch.stack([mean, var + mean**2])) / count
        var = square - mean**2
        self._remember(mean.detach(), var.detach(), count * image.numel() // image.shape[1])
        scale = self.weight * torch.rsqrt(var + self.eps)
        shift = self.bias - mean * scale
        scale, shift = (
            each.to(image.dtype).view(-1, *[1] * (image.ndim - 2)) for each in (scale, shift)
        )
        return torch.addcmul(shift, image, scale)

    def _remember(self, mean: Tensor, var: Tensor, voxels: int) -> None:
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
        unbiased = var * voxels / (voxels - 1)
        self.running_var.lerp_(unbiased.to(self.running_var.dtype), self.momentum)


class _Sum(Function):
    """The sum over all processes, and in the gradient too."""

    @staticmethod
    def forward(_: Any, values: Tensor) -> Tensor:
        return _sum(values)

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        return _sum(gradient)


def _sum(values: Tensor) -> Tensor:
    values = values.clone()
    distributed.all_reduce(values)
    return values
