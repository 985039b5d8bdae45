"""Each loss against its formula in float64, against gradients, and at its limits."""

import numpy as np
import pytest
import torch

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme, LabelSets
from partialseg_trainer.losses import Codebook, build_loss, loss_names

SCHEME = LabelScheme.load("dhcp9")
# Three levels, one parent not exhaustive: harder than any preset.
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
                    }
                ],
            },
            {"name": "other", "value": 5},
        ],
    }
)


def drawn_sets(scheme, shape=(2, 6, 5), seed=0):
    """Label sets in which whatever could be known of a true leaf is known or not by chance."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(scheme.n_leaves, size=shape)
    values = scheme.membership[:, truth].astype(np.uint8)
    values[rng.random(values.shape) < 0.5] = 2
    values[:, 0, 0] = 2  # a row of voxels of which nothing is known
    return LabelSets.from_multilabel(scheme, values)


def as_batch(sets):
    """Codes (B, H, W), target (B, C, H, W) and codebook of label sets of shape (B, H, W)."""
    codes = torch.from_numpy(sets.codes)
    target = torch.from_numpy(sets.multilabel()).transpose(0, 1)
    return codes, target, Codebook(sets.scheme, sets.leaf_sets())


def logits_for(loss, shape=(2, 6, 5), scale=3.0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(1)
    size = (shape[0], loss.out_channels, *shape[1:])
    return (torch.randn(size, generator=generator, dtype=torch.float64) * scale).to(dtype)


def iuc_by_the_formula(logits, target):
    y = 1 / (1 + np.exp(-logits))
    entropy = np.where(target == 1, -np.log(y), -np.log1p(-y))
    return np.where(target == 2, 0, entropy).sum(axis=1).mean() / target.shape[1]


def marginal_by_the_formula(logits, sets):
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    possible = np.moveaxis(sets.leaf_sets()[sets.codes], -1, 1)
    return -np.log((p * possible).sum(axis=1)).mean()


@pytest.mark.parametrize("scheme", [SCHEME, DEEP], ids=lambda scheme: scheme.name)
class TestFormulas:
    def test_iuc_is_the_papers_sum_over_observed_labels(self, scheme):
        loss = build_loss("iuc", scheme)
        logits = logits_for(loss)
        _, target, _ = as_batch(drawn_sets(scheme))
        expected = iuc_by_the_formula(logits.double().numpy(), target.numpy())
        assert loss(logits, target).item() == pytest.approx(expected, rel=1e-6)

    def test_marginal_cross_entropy_is_the_log_of_the_summed_probability(self, scheme):
        loss = build_loss("marginal_ce", scheme)
        logits, sets = logits_for(loss), drawn_sets(scheme)
        expected = marginal_by_the_formula(logits.double().numpy(), sets)
        assert loss(logits, as_batch(sets)[1]).item() == pytest.approx(expected, rel=1e-5)

    def test_marginal_dice_is_measured_where_the_label_is_known(self, scheme):
        both, entropy = build_loss("marginal_ce+dice", scheme), build_loss("marginal_ce", scheme)
        logits = logits_for(both)
        _, target, _ = as_batch(drawn_sets(scheme))
        p = torch.softmax(logits.double(), 1).numpy()
        scores = []
        for channel, leaves in enumerate(scheme.membership):
            x = target[:, channel].numpy()
            q = p[:, leaves].sum(axis=1)[x != 2]
            yes = x[x != 2] == 1
            scores.append((2 * q[yes].sum() + 1) / (q.sum() + yes.sum() + 1))
        dice = both(logits, target) - entropy(logits, target)
        assert dice.item() == pytest.approx(1 - np.mean(scores), rel=1e-4)

    @pytest.mark.parametrize("name", ["iuc", "marginal_ce", "marginal_ce+dice"])
    def test_codes_and_tensors_give_the_same_value(self, scheme, name):
        loss = build_loss(name, scheme)
        logits = logits_for(loss)
        codes, target, codebook = as_batch(drawn_sets(scheme))
        expected = loss(logits, target).item()
        assert loss.of_codes(logits, codes, codebook).item() == pytest.approx(expected, rel=1e-6)

    @pytest.mark.parametrize("name", ["iuc", "marginal_ce", "marginal_ce+dice"])
    def test_gradients_agree_with_finite_differences(self, scheme, name):
        loss = build_loss(name, scheme)
        logits = logits_for(loss, (2, 2, 2), dtype=torch.float64).requires_grad_()
        codes, _, codebook = as_batch(drawn_sets(scheme, (2, 2, 2)))
        assert torch.autograd.gradcheck(lambda z: loss.of_codes(z, codes, codebook), logits)

    @pytest.mark.parametrize("name", ["iuc", "marginal_ce"])
    def test_a_voxel_of_which_nothing_is_known_gives_no_loss(self, scheme, name):
        loss = build_loss(name, scheme)
        unknown = torch.full((1, len(scheme), 4, 4), 2, dtype=torch.uint8)
        logits = logits_for(loss, (1, 4, 4)).requires_grad_()
        value = loss(logits, unknown)
        value.backward()
        assert value.item() == pytest.approx(0, abs=1e-6)
        assert logits.grad.abs().max() < 1e-7

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    @pytest.mark.parametrize("name", ["iuc", "marginal_ce", "marginal_ce+dice"])
    def test_extreme_logits_in_half_precision_stay_finite(self, scheme, name, dtype):
        loss = build_loss(name, scheme)
        logits = (logits_for(loss).sign() * 6e4).to(dtype).requires_grad_()
        value = loss(logits, as_batch(drawn_sets(scheme))[1])
        value.backward()
        assert torch.isfinite(value)
        assert torch.isfinite(logits.grad).all()


def test_iuc_with_everything_known_is_binary_cross_entropy():
    loss = build_loss("iuc", SCHEME)
    logits = logits_for(loss)
    target = (logits_for(loss).flip(0) > 0).to(torch.uint8)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, target.float())
    assert loss(logits, target).item() == pytest.approx(expected.item(), rel=1e-6)
    assert build_loss("supervised", SCHEME)(logits, target).item() == loss(logits, target).item()


def test_marginal_cross_entropy_with_everything_known_is_cross_entropy():
    loss = build_loss("marginal_ce", SCHEME)
    logits = logits_for(loss)
    truth = torch.randint(SCHEME.n_leaves, (2, 6, 5), generator=torch.Generator().manual_seed(2))
    target = torch.from_numpy(SCHEME.membership[:, truth].astype(np.uint8)).transpose(0, 1)
    expected = torch.nn.functional.cross_entropy(logits, truth)
    assert loss(logits, target).item() == pytest.approx(expected.item(), rel=1e-5)


def test_iuc_sends_no_gradient_to_an_unknown_child():
    loss = build_loss("iuc", SCHEME)
    target = torch.zeros((1, 10, 1, 1), dtype=torch.uint8)
    target[:, SCHEME.index("tcv")] = 1
    for child in SCHEME["tcv"].children:
        target[:, SCHEME.index(child)] = 2
    logits = torch.zeros((1, 10, 1, 1), requires_grad=True)
    loss(logits, target).backward()
    still = logits.grad.flatten() == 0
    assert [SCHEME.names[k] for k in torch.nonzero(still)[:, 0]] == ["cgm", "wm", "dgm"]


def test_marginal_loss_does_not_see_how_probability_is_spread_within_the_known_parent():
    loss = build_loss("marginal_ce", SCHEME)
    parts = [SCHEME.leaf_names.index(name) for name in SCHEME["tcv"].children]
    target = torch.zeros((1, 10, 1, 1), dtype=torch.uint8)
    target[:, [SCHEME.index("tcv")]] = 1
    target[:, [SCHEME.index(name) for name in SCHEME["tcv"].children]] = 2
    logits = torch.randn((1, SCHEME.n_leaves, 1, 1), generator=torch.Generator().manual_seed(0))
    p = logits.softmax(1)
    total = p[:, parts].sum()
    moved = p.clone()
    moved[:, parts] = total * torch.tensor([0.7, 0.2, 0.1]).view(1, 3, 1, 1)
    assert loss(moved.log(), target).item() == pytest.approx(loss(logits, target).item(), rel=1e-5)


@pytest.mark.parametrize("name", loss_names())
def test_a_target_other_than_0_1_2_is_refused(name):
    loss = build_loss(name, SCHEME)
    target = torch.full((1, 10, 2, 2), 3, dtype=torch.uint8)
    with pytest.raises(UserError, match="values from 3 to 3"):
        loss(logits_for(loss, (1, 2, 2)), target)


@pytest.mark.parametrize("name", loss_names())
def test_a_target_of_another_shape_is_refused(name):
    loss = build_loss(name, SCHEME)
    with pytest.raises(UserError, match="do not fit"):
        loss(logits_for(loss, (1, 2, 2)), torch.zeros((1, 9, 2, 2), dtype=torch.uint8))


def test_supervised_refuses_unknown_targets():
    loss = build_loss("supervised", SCHEME)
    target = torch.full((1, 10, 2, 2), 2, dtype=torch.uint8)
    with pytest.raises(UserError, match="choose 'iuc'"):
        loss(logits_for(loss, (1, 2, 2)), target)


def test_an_unknown_loss_is_refused_with_the_names_to_choose_from():
    with pytest.raises(UserError, match="iuc"):
        build_loss("dice", SCHEME)


@pytest.mark.parametrize("name", ["marginal_ce", "marginal_ce+dice"])
def test_a_target_without_any_possible_leaf_is_refused(name):
    loss = build_loss(name, SCHEME)
    target = torch.zeros((1, 10, 2, 2), dtype=torch.uint8)
    target[:, SCHEME.index("wm")] = 1  # a part, outside its super-label
    with pytest.raises(UserError, match="contradicts the scheme's hierarchy"):
        loss(logits_for(loss, (1, 2, 2)), target)
