"""Decoding: which leaf is chosen from the logits of labels, each way as it is told."""

import itertools

import numpy as np
import torch

from drawn import DEEP, SCHEME
from partialseg_trainer.losses.heads import leaf_logits


def consistent_vectors(scheme):
    """Every 0/1 vector of labels that keeps to the hierarchy, found without the leaves."""
    for vector in itertools.product([0, 1], repeat=len(scheme)):
        marked = dict(zip(scheme.names, vector, strict=True))
        families = [[label.name for label in scheme if label.parent is None]]
        families += [list(label.children) for label in scheme if label.children]
        alone = all(sum(marked[name] for name in family) <= 1 for family in families)
        inside = all(
            marked[label.parent] for label in scheme if label.parent and marked[label.name]
        )
        filled = all(
            any(marked[child] for child in label.children)
            for label in scheme
            if label.exhaustive and marked[label.name]
        )
        if alone and inside and filled:
            yield np.array(vector)


def test_the_sum_decodes_to_the_most_probable_consistent_vector():
    for scheme in (SCHEME, DEEP):
        logits = torch.randn((1, len(scheme), 50), generator=torch.Generator().manual_seed(3)) * 4
        leaves = leaf_logits(logits, "labels", scheme, "sum").argmax(1)[0]
        decoded = scheme.membership[:, leaves].T
        y = torch.sigmoid(logits.double())[0].T.numpy()
        vectors = np.array(list(consistent_vectors(scheme)))
        assert len(vectors) == scheme.n_leaves
        likelihood = np.prod(np.where(vectors[None], y[:, None], 1 - y[:, None]), axis=2)
        assert np.array_equal(decoded, vectors[likelihood.argmax(axis=1)])


def test_softmax_logits_are_leaf_logits_already():
    logits = torch.randn(2, SCHEME.n_leaves, 3)
    assert leaf_logits(logits, "leaves", SCHEME) is logits


def of_one_voxel(scheme, **logits):
    """(1, C, 1): what is not named is far below zero."""
    return torch.tensor([[[logits.get(name, -20.0)] for name in scheme.names]])


def decoded(scheme, decoding, **logits):
    found = leaf_logits(of_one_voxel(scheme, **logits), "labels", scheme, decoding)
    return scheme.leaf_names[int(found.argmax(1))]


def test_the_tree_takes_the_best_at_the_top_and_then_the_best_part_within_it():
    for scheme in (SCHEME, DEEP):
        generator = torch.Generator().manual_seed(5)
        logits = torch.randn((1, len(scheme), 200), generator=generator) * 4
        leaves = leaf_logits(logits, "labels", scheme).argmax(1)[0]
        for voxel, leaf in enumerate(leaves.tolist()):
            z = logits[0, :, voxel].tolist()
            family = [label.name for label in scheme if label.parent is None]
            parent = None
            while family:
                best = max(family, key=lambda name: z[scheme.index(name)])
                filled = parent is not None and scheme[parent].exhaustive
                if z[scheme.index(best)] <= 0 and not filled:
                    break
                assert scheme.membership[scheme.index(best), leaf]
                parent, family = best, list(scheme[best].children)
            for name in family:
                assert not scheme.membership[scheme.index(name), leaf]


def test_a_super_label_that_is_certain_is_not_lost_where_no_part_was_seen_present():
    logits = {"tcv": 8.0, "wm": -12.0, "cgm": -14.0, "dgm": -15.0, "csf": -6.0}
    assert decoded(SCHEME, "sum", **logits) == "outside"
    assert decoded(SCHEME, "tree", **logits) == "wm"
    assert decoded(SCHEME, "paper", **logits) == "wm"


def test_the_papers_decoding_takes_the_largest_of_all_channels():
    # The cerebrum is the best at the top, but its own logit is below that of the fluid.
    assert decoded(SCHEME, "paper", tcv=3.0, wm=-1.0, dgm=1.0, csf=2.0) == "dgm"
    assert decoded(SCHEME, "paper", tcv=1.0, dgm=4.0, csf=3.0) == "dgm"
    assert decoded(SCHEME, "tree", tcv=1.0, dgm=4.0, csf=3.0) == "csf"
    assert decoded(SCHEME, "paper", tcv=-1.0, csf=-0.5) == "outside"
