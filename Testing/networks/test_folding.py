"""A network whose batch normalisations are folded into its convolutions gives the same."""

import copy

import pytest
import torch

from partialseg_trainer.networks import build_network
from partialseg_trainer.networks.folding import without_batch_norm


@pytest.mark.parametrize("outputs", ["together", "separate", "conditional"])
def test_the_logits_stay_and_so_does_the_network(outputs):
    torch.manual_seed(0)
    network = build_network("unet", 1, 3, outputs, width=4, depth=3)
    image = torch.rand(4, 1, 24, 32)
    network(image)  # so that the normalisation has statistics of its own
    network.eval()
    before = copy.deepcopy(network.state_dict())
    folded = without_batch_norm(network)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in folded.modules())
    with torch.inference_mode():
        assert torch.allclose(folded(image), network(image), atol=1e-4)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_a_network_without_any_is_only_copied():
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU()).eval()
    image = torch.rand(1, 1, 8, 8)
    assert torch.equal(without_batch_norm(network)(image), network(image))
