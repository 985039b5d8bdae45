"""Networks, each under the one name by which it is selected."""

from __future__ import annotations

from torch import nn

from ..errors import UserError
from .unet import UNet

_NETWORKS: dict[str, type[nn.Module]] = {"unet": UNet}

__all__ = ["UNet", "build_network", "network_names"]


def network_names() -> tuple[str, ...]:
    """The names that `build_network` knows."""
    return tuple(_NETWORKS)


def build_network(name: str, in_channels: int, out_channels: int, **settings: int) -> nn.Module:
    """A network that maps (B, in_channels, H, W) to logits (B, out_channels, H, W).

    Its attribute `divisor` is the number that H and W must be multiples of, its `head` the last
    convolution. Raises UserError for a name that is not one of `network_names()`.
    """
    if name not in _NETWORKS:
        raise UserError(f"There is no network '{name}'; choose one of {', '.join(_NETWORKS)}.")
    return _NETWORKS[name](in_channels, out_channels, **settings)
