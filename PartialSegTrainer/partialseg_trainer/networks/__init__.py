"""Networks, each under the one name by which it is selected."""

from __future__ import annotations

from importlib import import_module

import torch
from torch import Tensor, nn

from ..errors import UserError
from ..models import NETWORK_KINDS, Outputs
from .conditional import Conditional
from .separate import Separate
from .unet import UNet

# Where a network is, and the extra of the package that brings what it is made of. A file is
# imported when its network is chosen, for not everybody has what it needs.
_NETWORKS = {
    "unet": ("unet", "UNet", None),
    "segformer": ("segformer", "SegFormer", "segformer"),
    "dynunet": ("dynunet", "DynamicUNet", "3d"),
}

__all__ = [
    "UNet",
    "build_network",
    "check_network",
    "decoder_levels",
    "memory_layout",
    "network_names",
    "set_bias",
]


def network_names() -> tuple[str, ...]:
    """The names that `build_network` knows."""
    return tuple(_NETWORKS)


def build_network(
    name: str,
    in_channels: int,
    out_channels: int,
    outputs: Outputs = "together",
    **settings: int,
) -> nn.Module:
    """A network that maps (B, in_channels, H, W) to logits (B, out_channels, H, W).

    `outputs` is how it has its channels (see `models.info`). One that sees blocks has (S, H, W) in
    place of (H, W). Its attribute `divisor` is the number
    that these must be multiples of, its `head` the last convolution. `settings` are the other
    fields of NetworkSettings. Raises UserError as `check_network` does.
    """
    kind = _class_of(name)
    if outputs == "separate":
        return Separate([kind(in_channels, 1, **settings) for _ in range(out_channels)])
    if outputs == "conditional":
        return Conditional(kind(in_channels + out_channels, 1, **settings), out_channels)
    return kind(in_channels, out_channels, **settings)


def set_bias(network: nn.Module, bias: Tensor) -> None:
    """Set the bias of the last layer, (out_channels,): what the network says of an empty image."""
    with torch.no_grad():
        if isinstance(network, Separate | Conditional):
            network.set_bias(bias)
        else:
            network.head.bias.copy_(bias)


def decoder_levels(network: nn.Module) -> list[tuple[nn.Module, int]]:
    """The last block of each level of a U-Net's decoder, the finest first, and its channels."""
    return list(network.decoder_levels)


def check_network(name: str) -> None:
    """Raise UserError for a name that is not one of `network_names()`, and for a network whose
    package is not installed.
    """
    _class_of(name)


def memory_layout(name: str) -> torch.memory_format:
    """In which order a network of that name reads its images fastest."""
    two = NETWORK_KINDS[name].dimensions == 2
    return torch.channels_last if two else torch.contiguous_format


def _class_of(name: str) -> type[nn.Module]:
    if name not in _NETWORKS:
        raise UserError(f"There is no network '{name}'; choose one of {', '.join(_NETWORKS)}.")
    file, kind, extra = _NETWORKS[name]
    try:
        return getattr(import_module(f".{file}", __name__), kind)
    except ModuleNotFoundError as error:
        raise UserError(
            f"The network '{name}' needs the package {error.name}, which is not installed; run "
            f"pip install 'partialseg-trainer[{extra}]', or choose another network."
        ) from error
