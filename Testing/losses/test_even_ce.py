"""The loss that pushes the leaves of a set alike: its gradient, and what it leaves alone."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from drawn import DEEP, SCHEME, as_batch, batches, drawn_sets, fully_known, gradient_of, logits_for
from partialseg_trainer.losses import build_loss


@settings(max_examples=15)
@given(sets=batches(), seed=st.integers(0, 2**16))
def test_the_gradient_is_p_outside_of_s_and_alike_within(sets, seed):
    codes, target, codebook = as_batch(sets)
    logits = logits_for(
        build_loss("even_ce", sets.scheme), sets.shape, dtype=torch.float64, seed=seed
    )
    possible = codebook.possible_leaves(codes)
    p = logits.softmax(1)
    outside = torch.where(possible, 0, p)
    expected = torch.where(possible, -outside.sum(1, keepdim=True) / possible.sum(1)[:, None], p)
    found = gradient_of("even_ce", logits, target, sets.scheme) * codes.numel()
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-9)


@pytest.mark.parametrize("scheme", [SCHEME, DEEP], ids=lambda scheme: scheme.name)
@pytest.mark.parametrize("name", ["even_ce", "tree_ce"])
def test_with_everything_known_it_is_cross_entropy_gradient_and_all(scheme, name):
    sets, _ = fully_known(scheme)
    _, target, _ = as_batch(sets)
    logits = logits_for(build_loss(name, scheme), dtype=torch.float64)
    torch.testing.assert_close(
        gradient_of(name, logits, target, scheme),
        gradient_of("marginal_ce", logits, target, scheme),
    )


def test_a_step_leaves_the_shares_within_a_set_as_they_are_where_the_marginal_loss_moves_them():
    codes, target, codebook = as_batch(drawn_sets(SCHEME))
    possible = codebook.possible_leaves(codes)
    logits = logits_for(build_loss("even_ce", SCHEME), dtype=torch.float64)

    def shares(z):
        return z.masked_fill(~possible, -torch.inf).softmax(1)

    def after_a_step(name):
        return shares(logits - 100 * gradient_of(name, logits, target, SCHEME))

    torch.testing.assert_close(after_a_step("even_ce"), shares(logits))
    assert (after_a_step("marginal_ce") - shares(logits)).abs().max() > 0.01
