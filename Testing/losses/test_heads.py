"""Decoding: the most probable leaf among consistent annotations."""

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


def test_sigmoid_logits_decode_to_the_most_probable_consistent_vector():
    for scheme in (SCHEME, DEEP):
        logits = torch.randn((1, len(scheme), 50), generator=torch.Generator().manual_seed(3)) * 4
        membership = torch.from_numpy(scheme.membership)
        leaves = leaf_logits(logits, "labels", membership).argmax(1)[0]
        decoded = scheme.membership[:, leaves].T
        y = torch.sigmoid(logits.double())[0].T.numpy()
        vectors = np.array(list(consistent_vectors(scheme)))
        assert len(vectors) == scheme.n_leaves
        likelihood = np.prod(np.where(vectors[None], y[:, None], 1 - y[:, None]), axis=2)
        assert np.array_equal(decoded, vectors[likelihood.argmax(axis=1)])


def test_softmax_logits_are_leaf_logits_already():
    logits = torch.randn(2, SCHEME.n_leaves, 3)
    assert leaf_logits(logits, "leaves", torch.from_numpy(SCHEME.membership)) is logits
