"""The loss with the gradient of a tree: even within a top-level label, in proportion between."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from drawn import SCHEME, as_batch, batches, fully_known, gradient_of, logits_for
from partialseg_trainer.losses import build_loss


def tops(scheme):
    """Lists of leaves: those of each top-level label, and that outside of all."""
    roots = [scheme.index(label.name) for label in scheme if label.parent is None]
    of_roots = [scheme.membership[root].nonzero()[0].tolist() for root in roots]
    outside = [leaf for leaf in range(scheme.n_leaves) if not any(leaf in g for g in of_roots)]
    return [*of_roots, outside]


@settings(max_examples=15)
@given(sets=batches(), seed=st.integers(0, 2**16))
def test_what_a_set_lacks_goes_to_its_groups_in_proportion_and_to_their_leaves_alike(sets, seed):
    codes, target, codebook = as_batch(sets)
    loss = build_loss("tree_ce", sets.scheme)
    logits = logits_for(loss, sets.shape, dtype=torch.float64, seed=seed)
    possible = codebook.possible_leaves(codes)
    p = logits.softmax(1)
    inside = torch.where(possible, p, 0)
    lacking = 1 - inside.sum(1)
    expected = torch.where(possible, 0, p)
    for group in tops(sets.scheme):
        here = possible[:, group]
        share = inside[:, group].sum(1) / inside.sum(1) / here.sum(1).clamp_min(1)
        expected[:, group] -= torch.where(here, (lacking * share)[:, None], 0)
    found = gradient_of("tree_ce", logits, target, sets.scheme) * codes.numel()
    torch.testing.assert_close(found, expected, atol=1e-9, rtol=1e-6)


def test_a_network_that_is_sure_of_what_is_wrong_is_still_pushed():
    sets, _ = fully_known(SCHEME)
    _, target, _ = as_batch(sets)
    logits = logits_for(build_loss("tree_ce", SCHEME)) * 1e4
    found = gradient_of("tree_ce", logits, target, SCHEME)
    assert found.isfinite().all()
    torch.testing.assert_close(found.sum(1), torch.zeros_like(found.sum(1)), atol=1e-6, rtol=0)
