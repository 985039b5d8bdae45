"""How the losses of one sigmoid a label treat the unknown parts of a known super-label."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from drawn import DEEP, SCHEME, as_batch, batches, drawn_sets, logits_for
from formulas import FORMULAS, wnorm_by_voxel
from partialseg_trainer.losses import build_loss


def voxel(scheme, **values):
    """The (1, C, 1, 1) target of one voxel; labels that are not named are 0."""
    target = torch.zeros((1, len(scheme), 1, 1), dtype=torch.uint8)
    for name, value in values.items():
        target[0, scheme.index(name)] = value
    return target


# As in a partially labelled scan of the paper.
INSIDE_TCV = voxel(SCHEME, tcv=1, cgm=2, wm=2, dgm=2)
PARTS = [SCHEME.index(name) for name in SCHEME["tcv"].children]


def gradient(loss, logits, target):
    logits = logits.clone().requires_grad_()
    loss(logits, target).backward()
    return logits.grad


def random_logits(scheme, seed=4):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((1, len(scheme), 1, 1), generator=generator, dtype=torch.float64)


def test_iuc_sends_no_gradient_to_an_unknown_child():
    pull = gradient(build_loss("iuc", SCHEME), torch.zeros((1, 10, 1, 1)), INSIDE_TCV)
    still = torch.nonzero(pull.flatten() == 0)[:, 0]
    assert [SCHEME.names[k] for k in still] == ["cgm", "wm", "dgm"]


@settings(max_examples=15)
@given(sets=batches())
def test_iuc_does_not_see_the_logits_of_unknown_labels(sets):
    loss = build_loss("iuc", sets.scheme)
    _, target, _ = as_batch(sets)
    logits, others = (logits_for(loss, sets.shape, seed=seed) for seed in (1, 2))
    moved = torch.where(target == 2, others, logits)
    assert loss(moved, target).item() == loss(logits, target).item()


def test_huc_takes_the_likeliest_part_for_true_and_the_others_for_false():
    logits = random_logits(SCHEME)
    pull = gradient(build_loss("huc", SCHEME), logits, INSIDE_TCV).flatten()[PARTS]
    assert (pull < 0).tolist() == (
        logits.flatten()[PARTS] == logits.flatten()[PARTS].max()
    ).tolist()


def test_weight_drives_each_unknown_part_to_where_it_leans():
    logits = random_logits(SCHEME)
    pull = gradient(build_loss("weight", SCHEME), logits, INSIDE_TCV).flatten()[PARTS]
    assert (pull.sign() == -logits.flatten()[PARTS].sign()).all()


def test_weight_without_the_gradient_through_its_target_trains_as_iuc_does():
    logits, sets = logits_for(build_loss("iuc", DEEP)), drawn_sets(DEEP)
    _, target, _ = as_batch(sets)
    through = build_loss("weight", DEEP)
    not_through = build_loss("weight", DEEP, through_target=False)
    assert not_through(logits, target) == through(logits, target)
    pull = gradient(not_through, logits, target)
    assert torch.allclose(pull, gradient(build_loss("iuc", DEEP), logits, target), atol=1e-8)
    assert not torch.allclose(pull, gradient(through, logits, target), atol=1e-4)


def test_wnorm_without_the_gradient_through_its_target_pulls_towards_it():
    logits = random_logits(SCHEME)
    loss = build_loss("wnorm", SCHEME, through_target=False)
    y = logits.sigmoid().flatten()[PARTS]
    expected = (y - y / y.sum()) / len(SCHEME)
    assert torch.allclose(gradient(loss, logits, INSIDE_TCV).flatten()[PARTS], expected)


def test_wnorm_is_content_where_the_parts_sum_to_one():
    logits = random_logits(SCHEME)
    logits[0, PARTS, 0, 0] = torch.logit(torch.tensor([0.2, 0.5, 0.3], dtype=torch.float64))
    loss = build_loss("wnorm", SCHEME, through_target=False)
    assert gradient(loss, logits, INSIDE_TCV).flatten()[PARTS].abs().max() < 1e-12


def test_wnorm_over_a_voxel_is_the_references_formula():
    loss = build_loss("wnorm", DEEP, normalise="voxel")
    sets = drawn_sets(DEEP)
    logits = logits_for(loss, dtype=torch.float64)
    _, target, _ = as_batch(sets)
    expected = wnorm_by_voxel(logits.numpy(), sets)
    assert loss(logits, target).item() == pytest.approx(expected, rel=1e-9)
    assert build_loss("wnorm", DEEP)(logits, target).item() != pytest.approx(expected, rel=1e-3)


def test_wnorm_over_a_voxel_or_a_parent_is_the_same_in_two_levels():
    sets = drawn_sets(SCHEME)
    _, target, _ = as_batch(sets)
    by_parent, by_voxel = (build_loss("wnorm", SCHEME, normalise=n) for n in ("parent", "voxel"))
    logits = logits_for(by_parent)
    assert by_voxel(logits, target).item() == pytest.approx(by_parent(logits, target).item())


@pytest.mark.parametrize("through", [True, False])
@pytest.mark.parametrize("normalise", ["parent", "voxel"])
@pytest.mark.parametrize("sign", [-1, 1])
def test_wnorm_is_finite_where_every_probability_underflows(through, normalise, sign):
    loss = build_loss("wnorm", SCHEME, through_target=through, normalise=normalise)
    logits = torch.full((1, 10, 1, 1), sign * 6e4, dtype=torch.float16)
    assert torch.isfinite(loss(logits, INSIDE_TCV))
    assert torch.isfinite(gradient(loss, logits, INSIDE_TCV)).all()


@pytest.mark.parametrize("name", ["huc", "weight", "wnorm"])
def test_the_parts_of_a_part_that_is_unknown_itself_contribute_nothing(name):
    target = voxel(DEEP, top=1, middle=2, c=2, a=2, b=2)
    pull = gradient(build_loss(name, DEEP), random_logits(DEEP), target).flatten()
    still = {DEEP.names[k] for k in torch.nonzero(pull == 0)[:, 0]}
    assert still == {"a", "b"}


def test_multitalent_leaves_a_label_out_of_the_scans_that_lack_it_somewhere():
    loss = build_loss("multitalent", SCHEME)
    full = torch.cat([voxel(SCHEME, csf=1), voxel(SCHEME, tcv=1, wm=1)], dim=3)
    partial = torch.cat([voxel(SCHEME, csf=1), INSIDE_TCV], dim=3)
    padding = torch.full_like(partial, 2)
    target = torch.cat([torch.cat([scan, padding], dim=3) for scan in (full, partial)])
    logits = torch.randn((2, 10, 1, 4), generator=torch.Generator().manual_seed(0))
    pull = gradient(loss, logits, target)
    learned = (pull != 0).any(3)[..., 0]
    assert learned[0].all()
    assert [SCHEME.names[k] for k in np.flatnonzero(~learned[1])] == ["cgm", "wm", "dgm"]
    assert not pull[..., 2:].any()


def test_label_weights_scale_the_cross_entropy_of_a_label():
    sets = drawn_sets(SCHEME)
    _, target, _ = as_batch(sets)
    for name in ("iuc", "huc", "weight", "wnorm", "multitalent"):
        loss = build_loss(name, SCHEME)
        logits = logits_for(loss, dtype=torch.float64)
        loss.weigh_labels(torch.zeros(10))
        nothing = loss(logits, target).item()
        of_each = []
        for channel in range(10):
            loss.weigh_labels(torch.nn.functional.one_hot(torch.tensor(channel), 10).float())
            of_each.append(loss(logits, target).item() - nothing)
        whole = FORMULAS[name](logits.numpy(), sets) - nothing
        assert sum(of_each) == pytest.approx(whole, rel=1e-9)


def test_the_gradient_of_wnorm_over_a_voxel_agrees_with_finite_differences():
    loss = build_loss("wnorm", DEEP, normalise="voxel")
    _, target, _ = as_batch(drawn_sets(DEEP, (2, 3, 2)))
    logits = logits_for(loss, (2, 3, 2), dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: loss(z, target), logits)


def test_each_of_several_parents_in_a_voxel_has_pseudo_targets_of_its_own():
    target = voxel(DEEP, top=1, middle=1, a=2, b=2, c=2)
    logits = random_logits(DEEP)
    y = dict(zip(DEEP.names, logits.sigmoid().flatten().tolist(), strict=True))
    loss = build_loss("wnorm", DEEP, through_target=False)
    pull = dict(zip(DEEP.names, gradient(loss, logits, target).flatten().tolist(), strict=True))
    assert pull["c"] * len(DEEP) == pytest.approx(y["c"] - 1)
    assert pull["a"] * len(DEEP) == pytest.approx(y["a"] - y["a"] / (y["a"] + y["b"]))
    highest = gradient(build_loss("huc", DEEP), logits, target).flatten()
    assert highest[DEEP.index("c")] < 0
