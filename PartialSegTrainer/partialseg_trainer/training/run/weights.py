"""Begin a training with the weights of a model."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from ...networks.model import load_model


def load_weights(network: nn.Module, model: Path, new_head: bool = False) -> None:
    """Give a network the weights of a model folder; with `new_head`, all but the last layer's."""
    weights = load_model(model).network.state_dict()
    if new_head:
        head = {id(tensor) for tensor in network.head.parameters()}
        own = {name for name, tensor in network.named_parameters() if id(tensor) in head}
        weights = {name: tensor for name, tensor in weights.items() if name not in own}
    network.load_state_dict(weights, strict=not new_head)
