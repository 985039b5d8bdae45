"""Schemes, partial annotations and logits that the tests of losses share."""

import numpy as np
import torch
from hypothesis import strategies as st

from forests import annotations
from partialseg_trainer.labels import LabelScheme, LabelSets
from partialseg_trainer.losses import Codebook, build_loss

SCHEME = LabelScheme.load("dhcp9")
# Three levels, two roots with parts, one parent not exhaustive: harder than any preset.
DEEP = LabelScheme.from_dict(
    {
        "name": "deep",
        "labels": [
            {
                "name": "top",
                "value": 1,
                "children": [
                    {
                        "name": "middle",
                        "value": 2,
                        "exhaustive": True,
                        "children": [{"name": "a", "value": 3}, {"name": "b", "value": 4}],
                    },
                    {"name": "c", "value": 6},
                ],
            },
            {"name": "other", "value": 5, "children": [{"name": "d", "value": 7}]},
        ],
    }
)


def drawn_sets(scheme, shape=(2, 6, 5), seed=0):
    """Label sets in which whatever could be known of a true leaf is known or not by chance."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(scheme.n_leaves, size=shape)
    values = scheme.membership[:, truth].astype(np.uint8)
    values[rng.random(values.shape) < 0.5] = 2
    roots_alone = rng.random(shape) < 0.4
    for label in scheme:
        if label.parent:
            values[scheme.index(label.name)][roots_alone] = 2
        else:
            known = scheme.membership[scheme.index(label.name)][truth]
            values[scheme.index(label.name)][roots_alone] = known[roots_alone]
    values[:, 0, 0] = 2  # a row of voxels of which nothing is known
    return LabelSets.from_multilabel(scheme, values)


@st.composite
def batches(draw):
    """Label sets of shape (2, 3, 2) over a forest of any depth, from statuses of any kind."""
    scheme, _, masks, status = draw(annotations(voxels=12))
    masks = {name: mask.reshape(2, 3, 2) for name, mask in masks.items()}
    region = np.array(draw(st.lists(st.booleans(), min_size=12, max_size=12))).reshape(2, 3, 2)
    return LabelSets.from_masks(scheme, masks, status, region)


def fully_known(scheme, shape=(2, 6, 5), seed=2):
    """Label sets of voxels of random leaves, and the leaves."""
    truth = np.random.default_rng(seed).integers(scheme.n_leaves, size=shape)
    values = scheme.membership[:, truth].astype(np.uint8)
    return LabelSets.from_multilabel(scheme, values), torch.from_numpy(truth)


def as_batch(sets):
    """Codes (B, H, W), target (B, C, H, W) and codebook of label sets of shape (B, H, W)."""
    codes = torch.from_numpy(sets.codes)
    target = torch.from_numpy(sets.multilabel()).transpose(0, 1)
    return codes, target, Codebook(sets.scheme, sets.leaf_sets())


def logits_for(loss, shape=(2, 6, 5), scale=3.0, dtype=torch.float32, seed=1):
    generator = torch.Generator().manual_seed(seed)
    size = (shape[0], loss.out_channels, *shape[1:])
    return (torch.randn(size, generator=generator, dtype=torch.float64) * scale).to(dtype)


def gradient_of(name, logits, target, scheme):
    """What a loss by name does to logits, (B, L, ...)."""
    logits = logits.clone().requires_grad_()
    build_loss(name, scheme)(logits, target).backward()
    return logits.grad
