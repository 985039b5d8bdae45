"""All that can be chosen is described, and every description is of something that exists."""

from typing import get_args

import pytest

from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.losses import build_loss, loss_names
from partialseg_trainer.methods import (
    method_names,
    methods,
    networks,
    sampling_names,
    samplings,
    strategy_names,
)
from partialseg_trainer.networks import _NETWORKS, build_network
from partialseg_trainer.training import TrainConfig

SCHEME = LabelScheme.load("dhcp9")


def test_the_descriptions_are_those_of_the_losses():
    assert len(set(method_names())) == len(method_names())
    assert set(method_names()) == set(loss_names())


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.name)
def test_a_description_is_complete_and_says_whether_partial_scans_are_left_out(method):
    assert method.title and method.source and method.equation
    assert method.description.endswith(".") and len(method.description) < 130
    loss = build_loss(method.name, SCHEME)
    assert (method.needs_full, method.head) == (loss.full_scans_only, loss.head)


def test_the_default_of_a_training_is_what_is_offered_first():
    fields = TrainConfig.model_fields
    for name, offered in (
        ("loss", method_names()),
        ("strategy", strategy_names()),
        ("sampling", sampling_names()),
    ):
        assert fields[name].default == offered[0]
    default = TrainConfig(dataset="scans")
    assert TrainConfig(dataset="scans", **networks()[0].settings) == default


def test_every_sampling_order_is_described():
    assert set(sampling_names()) == set(get_args(TrainConfig.model_fields["sampling"].annotation))
    assert all(each.title and each.description.endswith(".") for each in samplings())


@pytest.mark.parametrize("network", networks(), ids=lambda network: network.title)
def test_a_network_on_offer_can_be_trained_and_is_as_large_as_it_says(network):
    config = TrainConfig.checked({"dataset": "scans", **network.settings})
    built = build_network(
        in_channels=config.preprocessing.channels, out_channels=10, **config.network.model_dump()
    )
    assert sum(each.numel() for each in built.parameters()) == network.parameters
    assert network.dimensions == config.network.dimensions
    assert network.description.endswith(".") and len(network.description) < 130


def test_every_network_is_on_offer_with_what_it_needs():
    offered = {network.settings["network"]["name"]: network.extra for network in networks()}
    assert offered == {name: extra for name, (_, _, extra) in _NETWORKS.items()}
