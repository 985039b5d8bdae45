"""Label-set losses: what the annotation cannot tell apart changes nothing; conversions; sums."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import formulas
from drawn import DEEP, SCHEME, as_batch, batches, drawn_sets, fully_known, logits_for
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelSets, Status
from partialseg_trainer.losses import (
    Converted,
    build_loss,
    labelled_leaves,
    loss_names,
    marginalise,
)
from partialseg_trainer.losses.dice import mean_dice
from partialseg_trainer.losses.label_set import LeafProbabilities, log_probability

OVER_LEAVES = [name for name in loss_names() if build_loss(name, SCHEME).head == "leaves"]


def cross_entropy(log_p, g):
    return -(g * log_p).sum(1)


def focal(log_p, g):
    return -(g * (1 - log_p.exp()) ** 2 * log_p).sum(1)


def tversky(log_p, g):
    """A loss of Dice's type that the engine does not have (Salehi et al., MLMI 2017)."""
    p, g = log_p.exp().flatten(2), g.flatten(2)
    overlap = (p * g).sum(2)
    return 1 - overlap / (overlap + 0.3 * (p * (1 - g)).sum(2) + 0.7 * ((1 - p) * g).sum(2) + 1e-8)


def moved_within_sets(logits, possible, seed):
    """Logits that give each S the same probability, spread anew among its leaves."""
    p = logits.softmax(1)
    generator = torch.Generator().manual_seed(seed)
    share = (torch.rand(p.shape, generator=generator, dtype=p.dtype) + 1e-3) * possible
    spread = share / share.sum(1, keepdim=True) * (p * possible).sum(1, keepdim=True)
    return torch.where(possible, spread, p).log()


def possible_in(sets):
    codes, _, codebook = as_batch(sets)
    return codebook.possible_leaves(codes)


@pytest.mark.parametrize("name", OVER_LEAVES)
@settings(max_examples=15)
@given(sets=batches(), seed=st.integers(0, 2**16))
def test_moving_probability_among_the_leaves_of_a_set_changes_nothing(name, sets, seed):
    loss = build_loss(name, sets.scheme)
    _, target, _ = as_batch(sets)
    logits = logits_for(loss, sets.shape, dtype=torch.float64)
    moved = moved_within_sets(logits, possible_in(sets), seed)
    assert loss(moved, target).item() == pytest.approx(loss(logits, target).item(), abs=1e-9)


@pytest.mark.parametrize("loss", [cross_entropy, focal, mean_dice, tversky])
def test_any_marginalised_loss_is_a_label_set_loss(loss):
    sets = drawn_sets(DEEP)
    converted = Converted(DEEP, loss)
    codes, target, codebook = as_batch(sets)
    logits = logits_for(converted, dtype=torch.float64)
    value = converted(logits, target).item()
    moved = moved_within_sets(logits, possible_in(sets), seed=0)
    assert converted(moved, target).item() == pytest.approx(value, abs=1e-9)
    assert converted.of_codes(logits, codes, codebook).item() == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("conversion", [marginalise, labelled_leaves])
@pytest.mark.parametrize("loss", [mean_dice, tversky])
def test_a_converted_loss_of_what_is_fully_known_is_the_loss_itself(loss, conversion):
    sets, truth = fully_known(DEEP)
    converted = Converted(DEEP, loss, conversion)
    logits = logits_for(converted, dtype=torch.float64)
    g = torch.nn.functional.one_hot(truth, DEEP.n_leaves).movedim(-1, 1).double()
    expected = loss(logits.log_softmax(1), g).mean().item()
    assert converted(logits, as_batch(sets)[1]).item() == pytest.approx(expected, rel=1e-9)


def test_the_named_losses_are_conversions_but_for_constants():
    sets = drawn_sets(DEEP)
    _, target, _ = as_batch(sets)
    sizes = possible_in(sets).sum(1).double()
    alone = 1 / sizes
    for name, loss, constant in (
        ("marginal_ce", cross_entropy, sizes.log().mean()),
        ("marginal_focal", focal, ((1 - alone) ** 2 * sizes.log()).mean()),
        ("marginal_dice", mean_dice, 0.0),
    ):
        named, converted = build_loss(name, DEEP), Converted(DEEP, loss)
        logits = logits_for(named, dtype=torch.float64)
        difference = converted(logits, target) - named(logits, target)
        assert difference.item() == pytest.approx(float(constant), abs=1e-9), name


def test_marginalisation_stays_finite_where_a_whole_set_underflows():
    logits = torch.tensor([0.0, -6e4, -6e4]).view(1, 3, 1).requires_grad_()
    log_phi, g = marginalise(logits, torch.tensor([False, True, True]).view(1, 3, 1))
    assert log_phi.flatten().tolist() == pytest.approx([0, -6e4, -6e4])
    cross_entropy(log_phi, g).mean().backward()
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("size", [1, 30, 1e4])
def test_the_probability_of_a_set_is_exact_however_small_it_is(size):
    possible = possible_in(drawn_sets(DEEP))
    logits = size * logits_for(build_loss("marginal_ce", DEEP))
    exact = log_probability(logits.double(), possible)
    leaves = LeafProbabilities(logits, possible, lambda: None)
    found = leaves.log_set
    assert torch.allclose(found.double(), exact, rtol=1e-5, atol=1e-5)


def partly_labelled(seed=3):
    """One image whose TCV is known and its parts are not, and one that is fully labelled."""
    sets, _ = fully_known(SCHEME, (2, 6, 5), seed)
    masks = {name: sets.value_of(name) == 1 for name in SCHEME.names}
    status = {name: Status.COMPLETE for name in SCHEME.names}
    full = LabelSets.from_masks(SCHEME, masks, status).multilabel()
    status |= {name: Status.NOT_ANNOTATED for name in SCHEME["tcv"].children}
    partial = LabelSets.from_masks(SCHEME, masks, status).multilabel()
    partial[:, 0] = full[:, 0]
    return LabelSets.from_multilabel(SCHEME, partial)


def test_leaf_dice_is_that_of_its_paper_where_a_leaf_is_labelled_throughout_or_missing():
    sets = partly_labelled()
    assert not sets.fully_known
    loss = build_loss("leaf_dice", SCHEME)
    logits = logits_for(loss, dtype=torch.float64)
    expected = formulas.leaf_dice(logits.numpy(), sets, everywhere=True)
    assert loss(logits, as_batch(sets)[1]).item() == pytest.approx(expected, rel=1e-6)


def test_leaf_dice_does_not_suppress_a_leaf_in_the_image_where_it_is_not_labelled():
    sets = partly_labelled()
    loss = build_loss("leaf_dice", SCHEME)
    logits = logits_for(loss, dtype=torch.float64).requires_grad_()
    _, target, _ = as_batch(sets)
    p = logits.softmax(1)
    p.retain_grad()
    loss(p.log(), target).backward()
    parts = [SCHEME.leaf_names.index(name) for name in SCHEME["tcv"].children]
    assert p.grad[0, parts].abs().max() > 1e-4
    inside = target[1, SCHEME.index("tcv")] == 1
    # What a softmax takes from all leaves alike is no pull between them.
    pulls = p.grad[1][:, inside] - p.grad[1][:, inside].mean(0)
    assert (pulls[parts] - pulls[parts].mean(0)).abs().max() < 1e-9


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("batch", [True, False])
@pytest.mark.parametrize("denominator", ["known", "all"])
def test_the_options_of_leaf_dice_are_those_of_its_formula(squared, batch, denominator):
    sets = drawn_sets(DEEP)
    options = {"squared": squared, "batch": batch, "denominator": denominator}
    loss = build_loss("leaf_dice", DEEP, **options)
    codes, target, codebook = as_batch(sets)
    logits = logits_for(loss, dtype=torch.float64)
    images = formulas.voxels(logits.numpy(), sets)
    if batch:
        images = [[voxel for image in images for voxel in image]]
    means = []
    for image in images:
        dice = []
        for k in range(DEEP.n_leaves):
            overlap = size = labelled = 0.0
            for z, _, possible in image:
                p = formulas.softmax(z)[k]
                alone = list(possible) == [k]
                overlap, labelled = overlap + p * alone, labelled + alone
                known = alone or k not in possible
                if known if denominator == "known" else len(possible) < DEEP.n_leaves:
                    size += p**2 if squared else p
            dice.append(2 * overlap / (size + labelled + 1e-8))
        means.append(1 - sum(dice) / len(dice))
    expected = sum(means) / len(means)
    assert loss(logits, target).item() == pytest.approx(expected)
    assert loss.of_codes(logits, codes, codebook).item() == pytest.approx(expected)


@pytest.mark.parametrize("gamma", [0.0, 0.5])
def test_marginal_focal_of_a_power_below_one_is_that_of_its_formula(gamma):
    sets = drawn_sets(DEEP)
    loss = build_loss("marginal_focal", DEEP, gamma=gamma)
    logits = logits_for(loss, dtype=torch.float64)
    expected = formulas.marginal_focal(logits.numpy(), sets, gamma)
    assert loss(logits, as_batch(sets)[1]).item() == pytest.approx(expected)


def test_leaf_dice_ignores_an_image_without_any_known_leaf():
    sets = drawn_sets(SCHEME)
    loss = build_loss("leaf_dice", SCHEME)
    _, target, _ = as_batch(sets)
    logits = logits_for(loss, dtype=torch.float64)
    unknown = torch.full_like(target, 2)
    both = loss(torch.cat([logits, logits]), torch.cat([target, unknown]))
    assert both.item() == pytest.approx(loss(logits, target).item() / 2)


def test_the_class_adaptive_loss_gives_a_leaf_that_an_image_lacks_no_weight_in_it():
    sets = partly_labelled()
    loss = build_loss("class_adaptive", SCHEME)
    logits = logits_for(loss, dtype=torch.float64).requires_grad_()
    p = logits.softmax(1)
    p.retain_grad()
    loss(p.log(), as_batch(sets)[1]).backward()
    parts = [SCHEME.leaf_names.index(name) for name in SCHEME["tcv"].children]
    others = [k for k in range(SCHEME.n_leaves) if k not in parts]
    assert p.grad[0, parts].abs().max() > 1e-4
    # What a softmax takes from all leaves alike is no pull between them.
    pulls = p.grad[1, parts]
    assert (pulls - pulls.mean(0)).abs().max() < 1e-9
    assert p.grad[1, others].abs().max() > 1e-4


@pytest.mark.parametrize("name", [name for name in OVER_LEAVES if name != "dice"])
def test_a_target_without_any_possible_leaf_is_refused(name):
    loss = build_loss(name, SCHEME)
    target = torch.zeros((1, 10, 2, 2), dtype=torch.uint8)
    target[:, SCHEME.index("wm")] = 1  # a part, outside its super-label
    with pytest.raises(UserError, match="contradicts the scheme's hierarchy"):
        loss(logits_for(loss, (1, 2, 2)), target)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.5])
def test_marginal_focal_of_a_broken_power_is_finite_where_the_network_is_certain(gamma):
    loss = build_loss("marginal_focal", SCHEME, gamma=gamma)
    sets, truth = fully_known(SCHEME, (2, 40, 40))
    certain = torch.nn.functional.one_hot(truth, SCHEME.n_leaves).movedim(-1, 1) * 17.0
    certain[:, :, :20] *= 100
    logits = (logits_for(loss, (2, 40, 40)) + certain).requires_grad_()
    value = loss(logits, as_batch(sets)[1])
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(logits.grad).all()
