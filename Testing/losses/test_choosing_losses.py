"""Losses are chosen by name, sums and options included; what does not exist is refused."""

from pathlib import Path

import pytest

from drawn import DEEP, SCHEME, as_batch, drawn_sets, logits_for
from partialseg_trainer.errors import UserError
from partialseg_trainer.losses import build_loss, check_loss, loss_names


def test_a_sum_is_the_sum_of_its_parts():
    name = "marginal_ce+marginal_dice+leaf_dice"
    assert name not in loss_names()
    loss = build_loss(name, DEEP)
    codes, target, codebook = as_batch(drawn_sets(DEEP))
    logits = logits_for(loss)
    parts = [build_loss(part, DEEP)(logits, target).item() for part in name.split("+")]
    assert loss(logits, target).item() == pytest.approx(sum(parts))
    assert loss.of_codes(logits, codes, codebook).item() == pytest.approx(sum(parts))


def test_the_options_of_a_sum_go_to_the_parts_that_have_them():
    loss = build_loss("marginal_focal+leaf_dice", SCHEME, gamma=3)
    _, target, _ = as_batch(drawn_sets(SCHEME))
    logits = logits_for(loss)
    parts = [
        build_loss("marginal_focal", SCHEME, gamma=3)(logits, target),
        build_loss("leaf_dice", SCHEME)(logits, target),
    ]
    assert loss(logits, target).item() == pytest.approx(sum(parts).item())


def test_the_terms_of_a_sum_weigh_its_parts():
    loss = build_loss("marginal_ce+leaf_dice", SCHEME, terms=[2, 0.5])
    _, target, _ = as_batch(drawn_sets(SCHEME))
    logits = logits_for(loss)
    ce, dice = (build_loss(part, SCHEME)(logits, target) for part in ("marginal_ce", "leaf_dice"))
    assert loss(logits, target).item() == pytest.approx((2 * ce + 0.5 * dice).item())


def test_a_loss_and_its_tables_move_to_another_device_together():
    for name in loss_names():
        loss = build_loss(name, SCHEME).to("meta")
        assert all(buffer.device.type == "meta" for buffer in loss.buffers())
        assert not loss.state_dict(), "a checkpoint holds no tables that the scheme gives anew"


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("no_such", {}, "There is no loss 'no_such'; choose one of iuc, "),
        ("marginal_ce+no_such", {}, "There is no loss 'no_such'"),
        ("marginal_ce+", {}, "There is no loss ''"),
        ("marginal_ce+iuc", {}, "adds 'iuc', which is not over a softmax of leaves"),
        ("huc+weight", {}, "adds 'huc'"),
        ("iuc", {"gamma": 2}, "The loss 'iuc' has no option 'gamma'; it has none"),
        ("weight", {"normalise": "voxel"}, "no option 'normalise'; it has through_target"),
        ("wnorm", {"normalise": "image"}, "loss 'wnorm': normalise: .*'parent' or 'voxel'"),
        ("wnorm", {"through_target": 3}, "loss 'wnorm': through_target: "),
        ("marginal_focal", {"gamma": -1}, "'marginal_focal': gamma: .*greater than or equal to 0"),
        ("marginal_ce+leaf_dice", {"gamma": 2}, "has no option 'gamma'"),
        ("marginal_ce+leaf_dice", {"terms": [1]}, "2 parts, but terms has 1"),
        ("marginal_ce+leaf_dice", {"terms": [1, 0]}, "terms.1"),
        ("marginal_ce", {"terms": [1]}, "has no option 'terms'"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(name, options, words):
    with pytest.raises(UserError, match=words):
        build_loss(name, SCHEME, **options)
    with pytest.raises(UserError, match=words):
        check_loss(name, **options)


def test_a_check_passes_what_can_be_built():
    check_loss("wnorm", normalise="voxel", through_target=False)
    for name in loss_names():
        check_loss(name)


def test_the_page_of_methods_tells_of_every_loss():
    page = (Path(__file__).parents[2] / "Docs" / "methods.md").read_text(encoding="utf-8")
    assert [name for name in loss_names() if f"`{name}`" not in page] == []
