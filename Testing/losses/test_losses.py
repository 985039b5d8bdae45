"""What every loss promises: its formula, its gradient, its limits, and bad targets refused."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from drawn import DEEP, SCHEME, as_batch, batches, drawn_sets, fully_known, logits_for
from formulas import FORMULAS
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.losses import Codebook, build_loss, loss_names

NAMES = loss_names()
PARTIAL = [name for name in NAMES if name != "supervised"]
# Those whose gradient is the derivative of their value; of the others it is tested by itself.
DERIVED = [name for name in NAMES if not name.startswith(("even_ce", "tree_ce"))]
over_methods = pytest.mark.parametrize("name", NAMES)
over_partial_methods = pytest.mark.parametrize("name", PARTIAL)
over_schemes = pytest.mark.parametrize("scheme", [SCHEME, DEEP], ids=lambda scheme: scheme.name)


def test_every_loss_has_its_formula():
    assert set(FORMULAS) == set(NAMES)


@over_methods
@over_schemes
def test_the_value_is_the_papers(scheme, name):
    loss, sets = build_loss(name, scheme), drawn_sets(scheme)
    logits = logits_for(loss, dtype=torch.float64)
    codes, _, codebook = as_batch(sets)
    expected = FORMULAS[name](logits.numpy(), sets)
    assert loss.of_codes(logits, codes, codebook).item() == pytest.approx(expected, rel=1e-6)
    single = loss.of_codes(logits.float(), codes, codebook)
    assert single.item() == pytest.approx(expected, rel=1e-4)


@over_partial_methods
@settings(max_examples=15)
@given(sets=batches(), seed=st.integers(0, 2**16))
def test_codes_tensors_and_formula_agree_in_any_forest(name, sets, seed):
    loss = build_loss(name, sets.scheme)
    logits = logits_for(loss, sets.shape, dtype=torch.float64, seed=seed)
    codes, target, codebook = as_batch(sets)
    value = loss(logits, target).item()
    assert value == pytest.approx(FORMULAS[name](logits.numpy(), sets), rel=1e-6, abs=1e-6)
    if codebook.knows_a_leaf:
        assert loss.of_codes(logits, codes, codebook).item() == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("name", DERIVED)
@over_schemes
def test_the_gradient_agrees_with_finite_differences(scheme, name):
    loss = build_loss(name, scheme)
    logits = logits_for(loss, (2, 2, 2), dtype=torch.float64).requires_grad_()
    codes, _, codebook = as_batch(drawn_sets(scheme, (2, 2, 2)))
    assert torch.autograd.gradcheck(lambda z: loss.of_codes(z, codes, codebook), logits)


@over_partial_methods
@over_schemes
def test_an_image_of_which_nothing_is_known_gives_no_loss(scheme, name):
    loss = build_loss(name, scheme)
    unknown = torch.full((1, len(scheme), 4, 4), 2, dtype=torch.uint8)
    logits = logits_for(loss, (1, 4, 4)).requires_grad_()
    value = loss(logits, unknown)
    value.backward()
    assert value.item() == pytest.approx(0, abs=1e-6)
    assert logits.grad.abs().max() < 1e-7


@over_partial_methods
@settings(max_examples=15)
@given(sets=batches())
def test_a_voxel_of_which_nothing_is_known_has_no_gradient(name, sets):
    loss = build_loss(name, sets.scheme)
    logits = logits_for(loss, sets.shape, dtype=torch.float64).requires_grad_()
    _, target, _ = as_batch(sets)
    loss(logits, target).backward()
    nothing = (target == 2).all(1, keepdim=True)
    assert (logits.grad * nothing).abs().max() < 1e-12


@over_methods
@over_schemes
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_extreme_logits_in_half_precision_stay_finite(scheme, name, dtype):
    loss = build_loss(name, scheme)
    codes, _, codebook = as_batch(drawn_sets(scheme))
    for signs in (logits_for(loss).sign(), torch.ones(1), -torch.ones(1)):
        logits = (signs * 6e4).expand_as(logits_for(loss)).to(dtype).requires_grad_()
        value = loss.of_codes(logits, codes, codebook)
        value.backward()
        assert torch.isfinite(value)
        assert torch.isfinite(logits.grad).all()


@over_partial_methods
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_batch_in_pieces_and_in_any_layout_has_the_value_and_gradient_of_the_whole(
    name, layout, monkeypatch
):
    loss = build_loss(name, SCHEME)
    codes, target, codebook = as_batch(drawn_sets(SCHEME))
    whole = logits_for(loss, dtype=torch.float64).requires_grad_()
    expected = loss(whole, target)
    expected.backward()
    monkeypatch.setattr("partialseg_trainer.losses.binary_entropy._VOXELS", 1)
    logits = whole.detach().contiguous(memory_format=layout).requires_grad_()
    value = loss.of_codes(logits, codes, codebook)
    value.backward()
    assert value.item() == pytest.approx(expected.item(), rel=1e-12)
    assert torch.allclose(logits.grad, whole.grad, rtol=1e-9, atol=1e-14)
    assert logits.grad.stride() == logits.stride()


@over_methods
def test_half_precision_gives_the_loss_of_the_rounded_logits(name):
    loss = build_loss(name, SCHEME)
    codes, _, codebook = as_batch(drawn_sets(SCHEME))
    rounded = logits_for(loss).bfloat16()
    value = loss.of_codes(rounded, codes, codebook)
    assert value.item() == loss.of_codes(rounded.float(), codes, codebook).item()


@over_schemes
@pytest.mark.parametrize("name", ["supervised", "iu", "iuc", "huc", "weight", "wnorm"])
def test_with_everything_known_it_is_binary_cross_entropy(scheme, name):
    loss = build_loss(name, scheme)
    logits, (sets, _) = logits_for(loss), fully_known(scheme)
    _, target, _ = as_batch(sets)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, target.float())
    assert loss(logits, target).item() == pytest.approx(expected.item(), rel=1e-6)


@over_schemes
def test_marginal_cross_entropy_with_everything_known_is_cross_entropy(scheme):
    loss = build_loss("marginal_ce", scheme)
    logits, (sets, truth) = logits_for(loss), fully_known(scheme)
    expected = torch.nn.functional.cross_entropy(logits, truth)
    assert loss(logits, as_batch(sets)[1]).item() == pytest.approx(expected.item(), rel=1e-5)


@over_schemes
def test_marginal_focal_with_everything_known_is_the_focal_loss(scheme):
    loss = build_loss("marginal_focal", scheme, gamma=1.5)
    logits, (sets, truth) = logits_for(loss), fully_known(scheme)
    entropy = torch.nn.functional.cross_entropy(logits, truth, reduction="none")
    expected = ((1 - torch.exp(-entropy)) ** 1.5 * entropy).mean()
    assert loss(logits, as_batch(sets)[1]).item() == pytest.approx(expected.item(), rel=1e-5)


@over_schemes
def test_the_class_adaptive_loss_with_everything_known_is_cross_entropy_and_dice(scheme):
    loss = build_loss("class_adaptive", scheme)
    logits, (sets, truth) = logits_for(loss), fully_known(scheme)
    _, target, _ = as_batch(sets)
    expected = torch.nn.functional.cross_entropy(logits, truth)
    expected += build_loss("leaf_dice", scheme)(logits, target)
    assert loss(logits, target).item() == pytest.approx(expected.item(), rel=1e-5)


@over_schemes
@pytest.mark.parametrize("name", ["marginal_dice", "leaf_dice"])
def test_label_set_dice_with_everything_known_is_the_mean_dice_of_the_leaves(scheme, name):
    loss = build_loss(name, scheme)
    logits, (sets, truth) = logits_for(loss), fully_known(scheme)
    p = logits.softmax(1).flatten(2)
    g = torch.nn.functional.one_hot(truth, scheme.n_leaves).movedim(-1, 1).flatten(2)
    dice = 2 * (p * g).sum(2) / ((p**2).sum(2) + g.sum(2))
    expected = 1 - dice.nan_to_num().mean()
    assert loss(logits, as_batch(sets)[1]).item() == pytest.approx(expected.item(), rel=1e-5)


@over_methods
@pytest.mark.parametrize("wrong", [3, 255, -1, 0.5, float("nan")])
def test_a_target_other_than_0_1_2_is_refused(name, wrong):
    loss = build_loss(name, SCHEME)
    kind = torch.float32 if isinstance(wrong, float) else torch.int16
    target = torch.zeros((1, 10, 2, 2), dtype=kind)
    target[0, 4, 1, 1] = wrong
    with pytest.raises(UserError, match=rf"0 \(no\), 1 \(yes\) and 2 \(unknown\).*holds {wrong}"):
        loss(logits_for(loss, (1, 2, 2)), target)


@over_methods
def test_a_target_of_another_shape_is_refused(name):
    loss = build_loss(name, SCHEME)
    with pytest.raises(UserError, match="do not fit"):
        loss(logits_for(loss, (1, 2, 2)), torch.zeros((1, 9, 2, 2), dtype=torch.uint8))


@pytest.mark.parametrize("name", ["marginal_ce", "marginal_dice", "marginal_focal", "leaf_dice"])
def test_annotations_that_tell_no_leaf_from_the_others_are_refused(name):
    parent = np.zeros(SCHEME.n_leaves, dtype=bool)
    parent[1:4] = True
    codebook = Codebook(SCHEME, np.stack([parent, ~parent, np.ones_like(parent)]))
    loss = build_loss(name, SCHEME)
    with pytest.raises(UserError, match="tell no leaf of scheme 'dhcp9' from the others"):
        loss.of_codes(logits_for(loss), torch.zeros((2, 6, 5), dtype=torch.uint8), codebook)


def test_a_codebook_for_another_scheme_is_refused():
    with pytest.raises(UserError, match=r"expected \(K, 10\)"):
        Codebook(SCHEME, np.ones((3, 4), dtype=bool))


def test_a_code_that_leaves_nothing_possible_is_refused():
    leaf_sets = np.eye(SCHEME.n_leaves, dtype=bool)
    leaf_sets[2] = False
    with pytest.raises(UserError, match="Code 2 leaves no leaf"):
        Codebook(SCHEME, leaf_sets)


def test_supervised_refuses_unknown_targets():
    loss = build_loss("supervised", SCHEME)
    target = torch.full((1, 10, 2, 2), 2, dtype=torch.uint8)
    with pytest.raises(UserError, match="choose 'iuc'"):
        loss(logits_for(loss, (1, 2, 2)), target)


@over_methods
def test_a_scheme_of_one_label_is_enough(name):
    scheme = LabelScheme.from_dict({"name": "one", "labels": [{"name": "lesion", "value": 1}]})
    loss, (sets, _) = build_loss(name, scheme), fully_known(scheme)
    value = loss(logits_for(loss, dtype=torch.float64), as_batch(sets)[1])
    expected = FORMULAS[name](logits_for(loss, dtype=torch.float64).numpy(), sets)
    assert value.item() == pytest.approx(expected, rel=1e-6)
