"""Batch normalisation over a batch that several processes on CPUs share."""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch.plugins.layer_sync import LayerSync
from torch import Tensor, distributed, nn
from torch.autograd import Function
from torch.nn import functional


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
        voxels = distributed.get_world_size() * image.numel() // image.shape[1]
        mean, var = self._statistics(image, voxels)
        return _Normalise.apply(image, self.weight, self.bias, mean, var, self.eps, voxels)

    @torch.no_grad()
    def _statistics(self, image: Tensor, voxels: int) -> tuple[Tensor, Tensor]:
        """The mean and variance of each channel in so many voxels; kept for use after training."""
        mean, var = torch.batch_norm_update_stats(image, None, None, 0.0)
        # In double precision, because two numbers that may be large and alike are subtracted.
        mean, var = mean.double(), var.double()
        mean, square = _sum(torch.stack([mean, var + mean**2])) / distributed.get_world_size()
        mean, var = (each.to(self.running_var.dtype) for each in (mean, square - mean**2))
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(var * (voxels / (voxels - 1)), self.momentum)
        return mean, var


class _Normalise(Function):
    """y = w (x - mean) s + b, s = 1 / sqrt(var + eps), where mean and var depend on x themselves.

    With n voxels in all processes and the sums over them, the gradient of x is

        w s (dy - sum(dy) / n - (x - mean) s sum(dy (x - mean) s) / n),

    of which torch's own for a fixed mean and var is the first term, and has the sums as the
    gradients of b and w.
    """

    @staticmethod
    def forward(
        ctx: Any,
        image: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor,
        var: Tensor,
        eps: float,
        voxels: int,
    ) -> Tensor:
        ctx.save_for_backward(image, weight, mean, var)
        ctx.eps, ctx.voxels = eps, voxels
        return functional.batch_norm(image, mean, var, weight, bias, eps=eps)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        image, weight, mean, var = ctx.saved_tensors
        of_image, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
            *(gradient, image, weight, mean, var, None, None, False, ctx.eps, [True] * 3)
        )
        of_y, of_scaled = _sum(torch.stack([of_bias, of_weight])) / ctx.voxels
        scale = torch.rsqrt(var + ctx.eps)
        slope = -weight * scale**2 * of_scaled
        offset = -weight * scale * of_y - slope * mean
        shape = (-1, *[1] * (image.ndim - 2))
        slope, offset = (each.to(image.dtype).view(shape) for each in (slope, offset))
        of_image.addcmul_(image, slope).add_(offset)
        return of_image, of_weight, of_bias, None, None, None, None


def _sum(values: Tensor) -> Tensor:
    """The sum over all processes."""
    values = values.clone()
    distributed.all_reduce(values)
    return values
