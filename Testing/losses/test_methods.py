"""Every method that can be chosen is described, and every description is of one that exists."""

import pytest

from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.losses import build_loss, loss_names
from partialseg_trainer.methods import method_names, methods
from partialseg_trainer.training import TrainConfig

SCHEME = LabelScheme.load("dhcp9")


def test_the_descriptions_are_those_of_the_losses():
    assert len(set(method_names())) == len(method_names())
    assert set(method_names()) == set(loss_names())


def test_the_papers_method_comes_first_and_is_the_default():
    assert method_names()[0] == "iuc" == TrainConfig.model_fields["loss"].default


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.name)
def test_a_description_is_complete_and_says_whether_partial_scans_are_left_out(method):
    assert method.title and method.source and method.equation
    assert method.description.endswith(".") and len(method.description) < 130
    assert method.needs_full is build_loss(method.name, SCHEME).full_scans_only
