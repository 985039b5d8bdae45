"""Networks with a member for each channel, or with one that is asked for each."""

import pytest
import torch

from partialseg_trainer.networks import build_network, set_bias

SIZE = {"width": 4, "depth": 3}


def built(outputs, channels=3, **kind):
    torch.manual_seed(0)
    kind = {"name": "unet", **kind}
    return build_network(in_channels=2, out_channels=channels, outputs=outputs, **kind, **SIZE)


@pytest.mark.parametrize("outputs", ["separate", "conditional"])
@pytest.mark.parametrize("training", [True, False])
def test_there_is_a_logit_for_each_channel(outputs, training):
    network = built(outputs).train(training)
    assert network(torch.rand(2, 2, 16, 24)).shape == (2, 3, 16, 24)
    assert network.divisor == 4
    head = {id(weights) for weights in network.head.parameters()}
    assert head < {id(weights) for weights in network.parameters()}


def test_separate_members_share_no_weight_and_get_no_gradient_of_another_channel():
    network = built("separate")
    network(torch.rand(2, 2, 16, 16))[:, 1].sum().backward()
    touched = [member.head.weight.grad.any().item() for member in network.members]
    assert touched == [False, True, False]


def test_a_separate_member_says_what_it_says_alone():
    network, image = built("separate").eval(), torch.rand(2, 2, 16, 16)
    assert torch.equal(network(image)[:, 2:], network.members[2](image))


def test_a_conditional_network_has_one_output_and_is_told_which_channel_it_is():
    network, image = built("conditional").eval(), torch.rand(2, 2, 16, 16)
    planes = torch.zeros(2, 3, 16, 16)
    planes[:, 1] = 1
    alone = network.member(torch.cat([image, planes], dim=1))
    assert alone.shape[1] == 1
    assert torch.allclose(network(image)[:, 1:2], alone, atol=1e-6)
    assert not torch.allclose(network(image)[:, :1], alone)


def test_a_conditional_network_is_normalised_over_all_channels_alike():
    network, image = built("conditional").train(), torch.rand(4, 2, 16, 16)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    network(image)
    trained = network(image)
    # The running variance is the unbiased one, so the two agree but for some tenths of a percent.
    assert torch.allclose(network.eval()(image), trained, atol=0.02)


def test_the_bias_is_what_is_said_of_every_channel():
    bias = torch.tensor([1.0, 2.0, 6.0])
    together, separate, conditional = map(built, ("together", "separate", "conditional"))
    for network in (together, separate, conditional):
        set_bias(network, bias)
    assert torch.equal(together.head.bias, bias)
    assert [member.head.bias.item() for member in separate.members] == bias.tolist()
    assert conditional.head.bias.item() == 3.0
