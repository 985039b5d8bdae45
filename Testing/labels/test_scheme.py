"""A label scheme is a forest whose leaves partition the image."""

import json

import numpy as np
import pytest
from hypothesis import given

from forests import schemes
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme


@given(schemes())
def test_every_leaf_belongs_to_one_chain_of_labels(scheme):
    membership = scheme.membership
    assert not membership[:, 0].any(), "the outside belongs to no label"
    for channel, name in enumerate(scheme.names):
        children = [scheme.index(child) for child in scheme[name].children]
        union = membership[children].any(axis=0)
        assert (membership[children].sum(axis=0) <= 1).all(), "siblings share no leaf"
        rest = membership[channel] & ~union
        assert not (union & ~membership[channel]).any()
        assert rest.sum() == (0 if scheme[name].exhaustive else 1)


@given(schemes())
def test_a_scheme_survives_its_json_form(scheme):
    again = LabelScheme.from_dict(json.loads(json.dumps(scheme.to_dict())))
    assert again == scheme
    assert np.array_equal(again.membership, scheme.membership)


@given(schemes())
def test_the_outline_has_every_label_just_below_what_it_is_a_part_of(scheme):
    above: list[str] = []
    for label, depth in scheme.outline():
        del above[depth:]
        assert tuple(reversed(above)) == scheme.ancestors(label.name)
        above.append(label.name)
    assert sorted(label.name for label, _ in scheme.outline()) == sorted(scheme.names)


@given(schemes())
def test_channels_are_in_ascending_order_of_value(scheme):
    values = [label.value for label in scheme]
    assert values == sorted(values)


def test_dhcp9_has_the_papers_labels_and_a_cerebrum_of_three_parts():
    scheme = LabelScheme.load("dhcp9")
    assert scheme.names == (
        *("csf", "cgm", "wm", "background", "ventricles", "cerebellum", "dgm", "brainstem"),
        *("hippocampi_amygdala", "tcv"),
    )
    assert [label.value for label in scheme] == list(range(1, 11))
    assert set(scheme["tcv"].children) == {"cgm", "wm", "dgm"}
    assert scheme["tcv"].exhaustive
    assert scheme.n_leaves == 10


@pytest.mark.parametrize("name", ["dhcp9", "fetal8", "brainstem", "wmh-stroke"])
def test_every_preset_loads_with_a_title_colour_and_value_of_its_own(name):
    scheme = LabelScheme.load(name)
    for field in ("title", "colour", "value"):
        entries = [getattr(label, field) for label in scheme]
        assert len(set(entries)) == len(entries), field


def test_a_mask_of_a_super_label_is_the_union_of_its_parts():
    scheme = LabelScheme.load("dhcp9")
    labelmap = np.arange(11, dtype=np.uint8)
    assert np.flatnonzero(scheme.mask(labelmap, "tcv")).tolist() == [2, 3, 7, 10]
    assert np.flatnonzero(scheme.mask(labelmap, "wm")).tolist() == [3]


def test_a_scheme_is_saved_and_loaded_by_path(tmp_path):
    scheme = LabelScheme.load("brainstem")
    scheme.save(tmp_path / "mine.json")
    assert LabelScheme.load(tmp_path / "mine.json") == scheme


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"value": 0}, r"labels\[0\]\.value: found 0"),
        ({"value": True}, "value"),
        ({"name": "two words"}, r"name: found 'two words'"),
        ({"name": "outside"}, "not 'outside'"),
        ({"colour": [0, 0, 256]}, "colour"),
        ({"exhaustive": True}, "expected children"),
        ({"color": [1, 2, 3]}, "found \\['color'\\], expected only the fields"),
        ({"children": [{"name": "a", "value": 2}]}, "every name once"),
        ({"children": [{"name": "b", "value": 1}]}, "every value once"),
        ({"terminology": {"type": "Brain"}}, "terminology"),
    ],
)
def test_a_wrong_field_is_named_with_what_was_found_and_expected(change, words):
    content = {"name": "mine", "labels": [{"name": "a", "value": 1} | change]}
    with pytest.raises(UserError, match=words):
        LabelScheme.from_dict(content, origin="mine.json")


def test_an_unknown_scheme_is_refused_with_the_presets_to_choose_from():
    with pytest.raises(UserError, match="dhcp9"):
        LabelScheme.load("dhcp10")


def test_a_scheme_file_that_is_not_json_is_refused_by_name(tmp_path):
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(UserError, match=r"broken\.json is not valid JSON"):
        LabelScheme.load(tmp_path / "broken.json")
