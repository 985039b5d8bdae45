"""Every network can be asked for by name, keeps an image's size, and works with every loss."""

import itertools
import sys

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.losses import Codebook, build_loss, loss_names
from partialseg_trainer.models import NETWORK_KINDS, NetworkSettings
from partialseg_trainer.networks import build_network, check_network, network_names

PACKAGES = {"segformer": "transformers", "dynunet": "monai"}
SMALL = {
    "unet": {"width": 2, "depth": 3},
    "segformer": {"width": 4, "depth": 2},
    "dynunet": {"width": 2, "depth": 3},
}


@pytest.fixture(params=NETWORK_KINDS)
def name(request) -> str:
    pytest.importorskip(PACKAGES.get(request.param, "torch"))
    return request.param


def small(name: str, in_channels: int = 1, out_channels: int = 4) -> torch.nn.Module:
    torch.manual_seed(0)
    return build_network(name, in_channels, out_channels, **SMALL[name])


def parameters(network: torch.nn.Module) -> int:
    return sum(weights.numel() for weights in network.parameters())


def test_the_networks_to_choose_from_are_those_that_are_described():
    assert network_names() == tuple(NETWORK_KINDS)


@pytest.mark.parametrize("in_channels", [1, 5])
def test_logits_have_the_size_of_the_image_down_to_the_smallest(name, in_channels):
    network = small(name, in_channels)
    dimensions, divisor = NETWORK_KINDS[name].dimensions, network.divisor
    for factors in ((1, 2, 1), (2, 3, 1)):
        size = tuple(factor * divisor for factor in factors[:dimensions])
        assert network(torch.zeros(2, in_channels, *size)).shape == (2, 4, *size)


def test_its_settings_know_what_it_takes_without_pytorch(name):
    settings = NetworkSettings(name=name, **SMALL[name])
    assert settings.divisor == small(name).divisor


def test_its_last_layer_is_what_makes_the_logits(name):
    network = small(name).eval()
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.copy_(torch.arange(4.0))
        size = [2 * network.divisor] * NETWORK_KINDS[name].dimensions
        logits = network(torch.rand(1, 1, *size))
    assert torch.allclose(logits.amax(dim=(0, *range(2, logits.ndim))), torch.arange(4.0))


def test_no_weight_is_named_twice(name):
    network = small(name)
    places = [tensor.data_ptr() for tensor in network.state_dict().values() if tensor.numel()]
    assert len(places) == len(set(places))


@pytest.mark.parametrize("loss_name", loss_names())
def test_it_learns_by_every_loss(name, loss_name):
    scheme = LabelScheme.load("brainstem")
    leaf_sets = np.concatenate(
        [
            np.eye(scheme.n_leaves, dtype=bool),
            scheme.membership,
            np.ones((1, scheme.n_leaves), bool),
        ]
    )
    loss = build_loss(loss_name, scheme)
    network = small(name, out_channels=loss.out_channels)
    size = [2 * network.divisor] * NETWORK_KINDS[name].dimensions
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(2, 1, *size, generator=generator)
    codes = torch.randint(len(leaf_sets), (2, *size), generator=generator)
    value = loss.of_codes(network(image), codes, Codebook(scheme, leaf_sets))
    value.backward()
    gradients = [weights.grad for weights in network.parameters() if weights.grad is not None]
    assert torch.isfinite(value) and all(torch.isfinite(each).all() for each in gradients)
    assert network.head.weight.grad.abs().sum() > 0


class TestSizes:
    """Against what was published, and against formulas that know nothing of the code."""

    def test_segformer_b0_for_150_classes_of_rgb_has_3_75_million_parameters(self):
        pytest.importorskip("transformers")
        network = build_network(in_channels=3, out_channels=150, **usual("segformer"))
        assert parameters(network) == 3_752_694

    def test_segformer_b0_for_11_labels_of_one_slice_has_3_7_million_parameters(self):
        pytest.importorskip("transformers")
        network = build_network(in_channels=1, out_channels=11, **usual("segformer"))
        # Less than for RGB by 7 x 7 weights a filter and channel, and by 257 for each class.
        assert parameters(network) == 3_752_694 - 2 * 32 * 49 - 139 * 257
        assert round(parameters(network) / 1e6, 1) == 3.7

    def test_neighbours_cost_3_by_3_weights_a_filter(self):
        one, five = (parameters(build_network("unet", count, 11, width=16)) for count in (1, 5))
        assert five - one == 4 * 16 * 9

    @pytest.mark.parametrize(("width", "depth"), [(16, 5), (32, 6)])
    def test_dynunet_has_two_convolutions_a_level(self, width, depth):
        pytest.importorskip("monai")
        filters = [min(width * 2**level, 320) for level in range(depth)]
        norms = 2  # each convolution is followed by a scale and a shift a filter
        down = sum(
            27 * (above * below + below * below) + 2 * norms * below
            for above, below in zip([1, *filters], filters, strict=False)
        )
        up = sum(
            8 * below * above + 27 * (2 * above * above + above * above) + 2 * norms * above
            for above, below in itertools.pairwise(filters)
        )
        network = build_network("dynunet", 1, 11, width=width, depth=depth)
        assert parameters(network) == down + up + 11 * (width + 1)


def usual(name: str) -> dict:
    return NetworkSettings(name=name).model_dump()


class TestRefusals:
    @pytest.mark.parametrize("name", PACKAGES)
    def test_a_network_whose_package_is_missing_names_the_extra_that_brings_it(
        self, name, monkeypatch
    ):
        loaded = (f"{PACKAGES[name]}.", f"partialseg_trainer.networks.{name}")
        for module in [module for module in sys.modules if module.startswith(loaded)]:
            monkeypatch.delitem(sys.modules, module)
        monkeypatch.setitem(sys.modules, PACKAGES[name], None)
        extra = {"segformer": "segformer", "dynunet": "3d"}[name]
        for asked in (check_network, lambda name: build_network(name, 1, 2)):
            with pytest.raises(UserError, match=rf"{PACKAGES[name]}.*trainer\[{extra}\]"):
                asked(name)

    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"name": "vnet"}, "unet, segformer, dynunet"),
            ({"name": "segformer", "depth": 5}, "depth of 1 to 4"),
            ({"name": "dynunet", "depth": 2}, "depth of 3 to 8"),
            ({"depth": 9}, "depth of 1 to 8"),
            ({"width": 0}, "width"),
        ],
    )
    def test_a_size_that_a_network_cannot_have(self, settings, words):
        with pytest.raises(ValidationError, match=words):
            NetworkSettings(**settings)


def test_the_usual_sizes_are_the_papers():
    assert usual("unet") == {"name": "unet", "width": 16, "depth": 5}
    assert usual("segformer") == {"name": "segformer", "width": 32, "depth": 4}
    assert NetworkSettings().name == "unet"
