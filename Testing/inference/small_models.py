"""Models of the brainstem scheme, small enough to run in a test, and a scan for them."""

import numpy as np
import torch

from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.models import ModelInfo, NetworkSettings
from partialseg_trainer.networks import build_network
from partialseg_trainer.networks.model import Model
from partialseg_trainer.volumes import Volume

SCHEME = LabelScheme.load("brainstem")


def model_of(network, preprocessing, patch=None, scheme=SCHEME, name="test") -> Model:
    """A model of any network that has a channel for each leaf."""
    info = ModelInfo(
        name=name,
        date="2026-01-01",
        loss="marginal_ce",
        head="leaves",
        network=NetworkSettings(name="unet" if patch is None else "dynunet"),
        preprocessing=preprocessing,
        patch=patch,
        scheme=scheme.to_dict(),
        training_data="none",
    )
    return Model(network.eval(), scheme, info)


def decided_unet(seed: int = 0, in_channels: int = 1) -> torch.nn.Module:
    """An untrained U-Net whose answers differ much from place to place."""
    torch.manual_seed(seed)
    network = build_network("unet", in_channels, SCHEME.n_leaves, width=4, depth=2)
    network.head.weight.data *= 50  # or it would be as undecided everywhere
    return network


def noise_scan(shape=(13, 18, 11), spacing=2.0) -> Volume:
    data = np.random.default_rng(0).uniform(1, 2, shape).astype(np.float32)
    return Volume(data, np.diag([spacing, spacing, spacing, 1.0]))
