"""Weights of leaves and the variants of Dice are those of their formulas."""

import pytest
import torch

import formulas
from drawn import DEEP, SCHEME, as_batch, drawn_sets, fully_known, logits_for
from partialseg_trainer.errors import UserError
from partialseg_trainer.losses import build_loss

SETS = drawn_sets(DEEP)
WEIGHTS = {"a": 3.0, "b": 0.5, DEEP.leaf_names[0]: 0.1}
W = [WEIGHTS.get(name, 1.0) for name in DEEP.leaf_names]


def values(loss):
    """The loss of drawn annotations, from tensors; from codes it is the same."""
    codes, target, codebook = as_batch(SETS)
    logits = logits_for(loss, dtype=torch.float64)
    value = loss(logits, target).item()
    assert loss.of_codes(logits, codes, codebook).item() == pytest.approx(value, rel=1e-12)
    return logits.numpy(), value


@pytest.mark.parametrize("name", ["marginal_ce", "even_ce", "tree_ce", "marginal_focal"])
def test_a_voxel_counts_as_much_as_the_leaves_it_may_be_do_in_the_mean(name):
    z, value = values(build_loss(name, DEEP, weights=WEIGHTS))
    images = formulas.voxels(z, SETS)
    everywhere = formulas.flat(images)

    def of(voxel):
        logits, _, possible = voxel
        share = sum(formulas.softmax(logits)[k] for k in possible)
        weight = sum(W[k] for k in possible) / len(possible)
        if name != "marginal_focal":
            return -weight * formulas.log(share)
        share, alone = share / len(possible), 1 / len(possible)
        of_share, least = (-((1 - p) ** 2) * formulas.log(p) for p in (share, alone))
        return weight * (of_share - least)

    assert value == pytest.approx(formulas.mean(map(of, everywhere)), rel=1e-9)


def test_weights_of_known_leaves_are_those_of_torchs_cross_entropy():
    sets, truth = fully_known(DEEP)
    loss = build_loss("marginal_ce", DEEP, weights=WEIGHTS)
    logits = logits_for(loss, dtype=torch.float64)
    expected = torch.nn.functional.cross_entropy(
        logits, truth, weight=torch.tensor(W, dtype=torch.float64), reduction="none"
    )
    assert loss(logits, as_batch(sets)[1]).item() == pytest.approx(expected.mean().item())


@pytest.mark.parametrize("name", ["leaf_dice", "marginal_dice"])
@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("batch", [True, False])
def test_the_variants_of_dice_are_their_formulas(name, squared, batch):
    options = {"squared": squared, "batch": batch, "weights": WEIGHTS}
    z, value = values(build_loss(name, DEEP, **options))
    images = formulas.voxels(z, SETS)
    if batch:
        images = [formulas.flat(images)]
    power = 2 if squared else 1

    def of_leaf(image, k):
        overlap = size = 0.0
        for logits, _, possible in image:
            p, alone = formulas.softmax(logits), list(possible) == [k]
            if name == "leaf_dice":
                phi, g = (p[k], float(alone)) if alone or k not in possible else (0.0, 0.0)
            elif k in possible:
                phi, g = sum(p[j] for j in possible) / len(possible), 1 / len(possible)
            else:
                phi, g = p[k], 0.0
            overlap, size = overlap + phi * g, size + phi**power + g**power
        return 1 - 2 * overlap / (size + 1e-8)

    def of(image):
        return sum(W[k] * of_leaf(image, k) for k in range(len(W))) / sum(W)

    assert value == pytest.approx(formulas.mean(map(of, images)), rel=1e-7)


def test_merged_dice_may_square():
    z, value = values(build_loss("merged_dice", DEEP, squared=True))
    assert value == pytest.approx(formulas.merged_dice(z, SETS, squared=True), rel=1e-7)


def test_weights_in_a_sum_go_to_the_parts_that_have_them():
    loss = build_loss("marginal_ce+leaf_dice", DEEP, weights=WEIGHTS)
    parts = [build_loss(name, DEEP, weights=WEIGHTS) for name in ("marginal_ce", "leaf_dice")]
    assert values(loss)[1] == pytest.approx(sum(values(part)[1] for part in parts))


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"tcv": 2}, "'tcv', which is no leaf of scheme 'dhcp9'; choose from outside, csf"),
        ({"csf": 0}, "weights.csf"),
        ({"csf": "much"}, "weights.csf"),
    ],
)
def test_weights_that_cannot_be_are_refused(weights, words):
    with pytest.raises(UserError, match=words):
        build_loss("marginal_ce", SCHEME, weights=weights)
