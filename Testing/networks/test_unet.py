"""The U-Net is the paper's, and any built network can be asked for by name."""

import pytest
import torch

from partialseg_trainer.errors import UserError
from partialseg_trainer.networks import UNet, build_network


def test_with_the_papers_settings_it_has_the_papers_1_94_million_parameters():
    count = sum(weights.numel() for weights in UNet(1, 11, width=16, depth=5).parameters())
    assert round(count / 1e6, 2) == 1.94


@pytest.mark.parametrize("depth", [1, 3, 5])
def test_logits_have_the_size_of_the_image(depth):
    network = build_network("unet", 1, 4, width=4, depth=depth)
    size = (3 * network.divisor, 2 * network.divisor)
    assert network(torch.zeros(2, 1, *size)).shape == (2, 4, *size)


def test_an_unknown_network_is_refused_with_the_names_to_choose_from():
    with pytest.raises(UserError, match="unet"):
        build_network("vnet", 1, 2)
