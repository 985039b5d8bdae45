"""Label sets say exactly what the annotation says: no more, no less."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forests import annotations
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import ContradictionError, LabelScheme, LabelSets, Status

ALL = Status.COMPLETE


def by_the_rule(scheme, masks, status, voxels):
    """The sets and 0/1/2 vectors of the design's rule, voxel by voxel with Python's own sets."""
    leaves = [set(np.flatnonzero(row)) for row in scheme.membership]
    sets, vectors = [], []
    for voxel in range(voxels):
        possible = set(range(scheme.n_leaves))
        for name, state in status.items():
            own = leaves[scheme.index(name)]
            if state is Status.ABSENT:
                possible -= own
            elif state is Status.COMPLETE:
                possible = possible & own if masks[name][voxel] else possible - own
            elif state is Status.IN_PROGRESS and masks[name][voxel]:
                possible &= own
        sets.append(possible)
        vectors.append([1 if possible <= own else 2 if possible & own else 0 for own in leaves])
    return sets, np.array(vectors, dtype=np.uint8).T


@given(annotations())
def test_sets_and_vectors_follow_the_rule_for_any_forest(drawn):
    scheme, truth, masks, status = drawn
    sets = LabelSets.from_masks(scheme, masks, status, shape=truth.shape)
    expected, vectors = by_the_rule(scheme, masks, status, len(truth))
    assert [set(np.flatnonzero(row)) for row in sets.leaf_sets()[sets.codes]] == expected
    assert np.array_equal(sets.multilabel(), vectors)
    assert np.array_equal(sets.codebook[sets.codes].T, vectors)


@given(annotations())
def test_the_true_leaf_is_never_excluded(drawn):
    scheme, truth, masks, status = drawn
    sets = LabelSets.from_masks(scheme, masks, status, shape=truth.shape)
    assert sets.leaf_sets()[sets.codes, truth].all()


@given(annotations(), st.randoms(use_true_random=False))
def test_the_order_of_the_labels_given_does_not_matter(drawn, random):
    scheme, truth, masks, status = drawn
    sets = LabelSets.from_masks(scheme, masks, status, shape=truth.shape)
    shuffled = list(status)
    random.shuffle(shuffled)
    again = LabelSets.from_masks(
        scheme,
        {name: masks[name] for name in shuffled if name in masks},
        {name: status[name] for name in shuffled},
        shape=truth.shape,
    )
    assert np.array_equal(sets.codes, again.codes)
    assert np.array_equal(sets.codebook, again.codebook)


@given(annotations(), st.data())
def test_more_annotation_never_makes_a_voxel_less_known(drawn, data):
    scheme, truth, masks, status = drawn
    fewer = dict(status)
    fewer[data.draw(st.sampled_from(scheme.names))] = Status.NOT_ANNOTATED
    more = LabelSets.from_masks(scheme, masks, status, shape=truth.shape)
    less = LabelSets.from_masks(scheme, masks, fewer, shape=truth.shape)
    assert (more.leaf_sets()[more.codes] <= less.leaf_sets()[less.codes]).all()
    known = less.multilabel() != 2
    assert np.array_equal(less.multilabel()[known], more.multilabel()[known])


@given(annotations())
def test_the_tensor_gives_the_label_sets_back(drawn):
    scheme, truth, masks, status = drawn
    sets = LabelSets.from_masks(scheme, masks, status, shape=truth.shape)
    again = LabelSets.from_multilabel(scheme, sets.multilabel())
    assert np.array_equal(sets.codes, again.codes)
    assert np.array_equal(sets.leaf_sets(), again.leaf_sets())


@given(annotations())
def test_a_labelmap_with_everything_known_is_fully_known(drawn):
    scheme, truth, _, _ = drawn
    labelmap = scheme.leaf_values[truth]
    sets = LabelSets.from_labelmap(scheme, labelmap, known=scheme.names)
    assert sets.fully_known
    assert np.array_equal(sets.labelmap(), labelmap)
    assert np.array_equal(sets.multilabel(), scheme.membership[:, truth])


@given(annotations(), st.data())
def test_hiding_labels_of_a_labelmap_equals_leaving_their_masks_out(drawn, data):
    scheme, truth, _, _ = drawn
    known = data.draw(st.sets(st.sampled_from(scheme.names)))
    masks = {name: scheme.membership[scheme.index(name)][truth] for name in known}
    status = dict.fromkeys(known, Status.COMPLETE)
    from_masks = LabelSets.from_masks(scheme, masks, status, shape=truth.shape)
    from_labelmap = LabelSets.from_labelmap(scheme, scheme.leaf_values[truth], known=known)
    assert np.array_equal(from_masks.multilabel(), from_labelmap.multilabel())


@given(annotations(), st.data())
def test_outside_the_region_nothing_is_known(drawn, data):
    scheme, truth, masks, status = drawn
    region = np.array(data.draw(st.lists(st.booleans(), min_size=12, max_size=12)))
    whole = LabelSets.from_masks(scheme, masks, status, shape=truth.shape).multilabel()
    sets = LabelSets.from_masks(scheme, masks, status, region).multilabel()
    assert np.array_equal(sets[:, region], whole[:, region])
    everything = scheme.membership[:, 1:].all(axis=1)  # only where no other leaf exists
    assert (sets[:, ~region] == 2).all(axis=1)[~everything].all()


class TestPaper:
    """The paper's partial scans: everything known but the parts of the total cerebrum."""

    scheme = LabelScheme.load("dhcp9")
    parts = ("cgm", "wm", "dgm")

    def test_parts_are_unknown_inside_the_cerebrum_and_0_outside(self):
        labelmap = np.arange(10, dtype=np.uint8).reshape(2, 5, 1)
        known = [name for name in self.scheme.names if name not in self.parts]
        sets = LabelSets.from_labelmap(self.scheme, labelmap, known=known)
        cerebrum = np.isin(labelmap, (2, 3, 7))
        for name in self.parts:
            assert np.array_equal(sets.value_of(name), np.where(cerebrum, 2, 0))
        assert np.array_equal(sets.value_of("tcv"), cerebrum)
        assert not sets.fully_known

    def test_the_last_sibling_comes_by_itself(self):
        tcv = np.array([1, 1, 1, 0], bool)
        masks = {
            "tcv": tcv,
            "cgm": np.array([1, 0, 0, 0], bool),
            "wm": np.array([0, 1, 0, 0], bool),
        }
        sets = LabelSets.from_masks(self.scheme, masks, dict.fromkeys(masks, ALL))
        assert sets.value_of("dgm").tolist() == [0, 0, 1, 0]

    def test_a_super_label_comes_from_its_parts(self):
        masks = {name: np.eye(4, dtype=bool)[k] for k, name in enumerate(self.parts)}
        sets = LabelSets.from_masks(self.scheme, masks, dict.fromkeys(masks, ALL))
        assert sets.value_of("tcv").tolist() == [1, 1, 1, 0]

    def test_a_labelmap_that_shows_the_super_label_leaves_its_parts_unknown(self):
        sets = LabelSets.from_labelmap(self.scheme, np.array([10, 3, 0], np.uint8))
        assert sets.value_of("wm").tolist() == [2, 1, 0]
        assert sets.value_of("tcv").tolist() == [1, 1, 0]


class TestContradictions:
    scheme = LabelScheme.load("dhcp9")
    affine = np.diag([-2.0, 2.0, 3.0, 1.0])

    def found(self, masks, status=None):
        with pytest.raises(ContradictionError) as caught:
            status = status or dict.fromkeys(masks, ALL)
            LabelSets.from_masks(self.scheme, masks, status, affine=self.affine)
        return caught.value.contradictions

    def box(self, *corner):
        mask = np.zeros((4, 4, 4), bool)
        mask[corner] = True
        return mask

    def test_an_overlap_of_exclusive_labels_is_counted_and_placed(self):
        (found,) = self.found({"wm": self.box(1), "csf": self.box(1, 2)})
        assert set(found.labels) == {"wm", "csf"}
        assert found.voxels == 4
        assert found.index == (1, 2, 0)
        assert found.ras == (-2.0, 4.0, 0.0)
        assert "overlap in 4 voxels" in found.message

    def test_a_part_outside_its_super_label_is_said_so(self):
        (found,) = self.found({"wm": self.box(1), "tcv": self.box(1, 2)})
        assert set(found.labels) == {"wm", "tcv"}
        assert found.voxels == 12
        assert "outside its super-label tcv" in found.message

    def test_a_super_label_with_none_of_its_complete_parts_names_them_all(self):
        empty = self.box(slice(0))
        masks = {"tcv": self.box(0, 0, 0), "cgm": empty, "wm": empty, "dgm": empty}
        (found,) = self.found(masks)
        assert set(found.labels) == set(masks)

    def test_each_conflict_is_listed_once_the_largest_first(self):
        masks = {"wm": self.box(1), "csf": self.box(1, 2), "cgm": self.box(slice(1, 3), 3)}
        found = self.found(masks, dict.fromkeys(masks, Status.IN_PROGRESS))
        assert [(set(entry.labels), entry.voxels) for entry in found] in (
            [({"wm", "csf"}, 4), ({"wm", "cgm"}, 4)],
            [({"wm", "cgm"}, 4), ({"wm", "csf"}, 4)],
        )

    def test_a_region_takes_contradictions_outside_it_away(self):
        masks = {"wm": self.box(1), "csf": self.box(1, 2)}
        status = dict.fromkeys(masks, ALL)
        sets = LabelSets.from_masks(self.scheme, masks, status, region=self.box(1, 1))
        assert sets.value_of("wm")[1, 1].all()

    def test_a_tensor_whose_child_is_1_and_parent_0_is_refused(self):
        tensor = np.full((10, 1), 2, np.uint8)
        tensor[self.scheme.index("wm")], tensor[self.scheme.index("tcv")] = 1, 0
        with pytest.raises(ContradictionError, match="wm lies outside its super-label tcv"):
            LabelSets.from_multilabel(self.scheme, tensor)

    def test_a_labelmap_value_that_the_known_labels_exclude_is_refused(self):
        known = ("cgm", "wm", "dgm", "tcv")
        with pytest.raises(ContradictionError, match="tcv is marked, but none of its parts"):
            LabelSets.from_labelmap(self.scheme, np.array([10, 0]), known=known)


class TestStatus:
    scheme = LabelScheme.load("brainstem")
    mask = np.array([1, 0, 0], np.uint8)

    def values(self, state, mask=mask):
        sets = LabelSets.from_masks(self.scheme, {"pons": mask}, {"pons": state})
        return sets.value_of("pons").tolist()

    def test_complete_says_yes_inside_and_no_outside(self):
        assert self.values(Status.COMPLETE) == [1, 0, 0]

    def test_in_progress_says_yes_inside_and_nothing_outside(self):
        assert self.values(Status.IN_PROGRESS) == [1, 2, 2]

    def test_absent_says_no_everywhere(self):
        assert self.values(Status.ABSENT, np.zeros(3, np.uint8)) == [0, 0, 0]

    def test_not_annotated_says_nothing_even_where_it_is_painted(self):
        assert self.values(Status.NOT_ANNOTATED) == [2, 2, 2]

    def test_an_absent_label_with_paint_is_refused(self):
        with pytest.raises(UserError, match="marked absent but has 1 painted"):
            self.values(Status.ABSENT)

    def test_paint_without_a_status_is_refused_rather_than_ignored(self):
        with pytest.raises(UserError, match="painted but has no status"):
            LabelSets.from_masks(self.scheme, {"pons": self.mask}, {})
        with pytest.raises(UserError, match="painted but has no status"):
            LabelSets.from_masks(self.scheme, {"pons": self.mask})

    def test_a_status_that_is_none_is_refused_with_those_to_choose_from(self):
        with pytest.raises(UserError, match=r"status of label 'pons' is 'done'.*complete"):
            self.values("done")

    def test_a_status_without_its_mask_is_refused(self):
        with pytest.raises(UserError, match="has no mask"):
            LabelSets.from_masks(self.scheme, {"pons": self.mask}, {"pons": ALL, "medulla": ALL})


def test_masks_of_different_shapes_are_refused_with_their_shapes():
    scheme = LabelScheme.load("brainstem")
    masks = {"pons": np.zeros((2, 2)), "medulla": np.zeros((2, 3))}
    with pytest.raises(UserError, match=r"mask 'pons' \(2, 2\), mask 'medulla' \(2, 3\)"):
        LabelSets.from_masks(scheme, masks, dict.fromkeys(masks, ALL))


def test_values_outside_the_scheme_are_listed_with_their_counts():
    with pytest.raises(UserError, match=r"87 \(2 voxels\)"):
        LabelSets.from_labelmap(LabelScheme.load("dhcp9"), np.array([1, 87, 87, 0]))


@pytest.mark.parametrize("value", [3, 255])
def test_a_tensor_with_another_value_is_refused(value):
    tensor = np.zeros((4, 5), np.uint8)
    tensor[1, 2] = value
    with pytest.raises(UserError, match="holds 0"):
        LabelSets.from_multilabel(LabelScheme.load("brainstem"), tensor)


def test_fractions_in_a_tensor_are_refused():
    with pytest.raises(UserError, match="other than 0, 1, 2"):
        LabelSets.from_multilabel(LabelScheme.load("brainstem"), np.full((4, 5), 0.5))


def test_many_labels_need_wider_codes_and_stay_exact():
    labels = [{"name": f"l{k}", "value": k + 1} for k in range(12)]
    scheme = LabelScheme.from_dict({"name": "many", "labels": labels})
    patterns = np.array(list(itertools.product([0, 1], repeat=12)), dtype=bool).T
    status = dict.fromkeys(scheme.names, Status.IN_PROGRESS)
    single = patterns.sum(axis=0) <= 1
    masks = dict(zip(scheme.names, patterns[:, single], strict=True))
    sets = LabelSets.from_masks(scheme, masks, status)
    assert np.array_equal(sets.multilabel() == 1, patterns[:, single])
    unknown = 2 - patterns * 2  # every subset of labels ruled out
    sets = LabelSets.from_multilabel(scheme, np.where(patterns, 0, 2).astype(np.uint8))
    assert sets.codes.dtype == np.uint16
    assert np.array_equal(sets.multilabel(), unknown)


@pytest.mark.parametrize("preset", ["dhcp9", "brainstem"])
def test_the_order_of_voxels_in_memory_does_not_matter(preset):
    scheme = LabelScheme.load(preset)
    labelmap = np.random.default_rng(0).choice(scheme.leaf_values, size=(9, 10, 11))
    masks = {name: scheme.mask(labelmap, name) for name in scheme.names}
    status = dict.fromkeys(masks, ALL) | {scheme.names[1]: Status.IN_PROGRESS}
    sets = LabelSets.from_masks(scheme, masks, status)
    turned = {name: np.asfortranarray(mask) for name, mask in masks.items()}
    again = LabelSets.from_masks(scheme, turned, status)
    assert np.array_equal(again.codes, sets.codes)
    assert np.array_equal(again.multilabel(), sets.multilabel())
    assert np.array_equal(again.labelmap(), sets.labelmap())
    assert np.array_equal(again.counts(), np.bincount(sets.codes.ravel()))


def test_a_volume_without_voxels_has_a_table_all_the_same():
    sets = LabelSets.from_labelmap(LabelScheme.load("dhcp9"), np.zeros((0, 2, 2), np.uint8))
    assert sets.multilabel().shape == (10, 0, 2, 2)
    assert sets.labelmap().shape == (0, 2, 2)
