"""Pseudo-labels: what is known always wins, and the rest is what the models find likeliest."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ball_scans import SCHEME
from partialseg_trainer.inference.within import most_probable_within
from partialseg_trainer.labels import LabelScheme, LabelSets
from partialseg_trainer.training import TrainConfig
from partialseg_trainer.training.material import Material
from partialseg_trainer.training.material.slices import UNKNOWN, open_store
from partialseg_trainer.training.material.split import split_slices
from partialseg_trainer.training.run.callback import StoppedOnRequest
from partialseg_trainer.training.run.predicted_labels import pseudo_labelled
from partialseg_trainer.volumes.preprocessing import Preprocessing

DHCP = LabelScheme.load("dhcp9")


def probabilities(**of):
    """Of one voxel: (L, 1), what is not named shares the rest."""
    rest = (1 - sum(of.values())) / (DHCP.n_leaves - len(of))
    return np.array([[of.get(name, rest)] for name in DHCP.leaf_names])


def corrected(predicted, **known):
    """The leaf of one voxel of which these labels are known to be 1 or 0."""
    vector = np.full((len(DHCP), 1), 2, dtype=np.uint8)
    for name, value in known.items():
        vector[DHCP.index(name)] = value
    sets = LabelSets.from_multilabel(DHCP, vector)
    leaf = most_probable_within(predicted, sets.leaf_sets().T[:, sets.codes])
    return DHCP.leaf_names[leaf[0]]


class TestTheCorrectionOfThePaper:
    """TCV is known, its parts are not; csf, ventricles and all else are known."""

    def test_a_part_predicted_outside_of_its_super_label_takes_the_known_label(self):
        assert corrected(probabilities(wm=0.9), csf=1) == "csf"

    def test_inside_something_else_takes_the_most_probable_part(self):
        assert corrected(probabilities(csf=0.7, wm=0.1, cgm=0.15), tcv=1) == "cgm"

    def test_inside_a_part_stays_what_it_was_predicted_to_be(self):
        assert corrected(probabilities(dgm=0.6), tcv=1) == "dgm"


def test_where_nothing_is_known_the_prediction_stands():
    assert corrected(probabilities(csf=0.7)) == "csf"


def test_a_voxel_whose_possible_leaves_have_no_probability_is_left_open():
    possible = np.array([[True], [True], [False]])
    assert most_probable_within(np.array([[0.0], [0.0], [1.0]]), possible).tolist() == [-1]


@given(st.integers(0, 2**32 - 1))
def test_it_is_the_loop_over_voxels_written_at_once(seed):
    rng = np.random.default_rng(seed)
    p = rng.random((5, 3, 4)) * (rng.random((5, 3, 4)) < 0.7)
    possible = rng.random((5, 3, 4)) < 0.5
    possible[0] |= ~possible.any(0)
    found = most_probable_within(p, possible)
    for place in np.ndindex(3, 4):
        leaves = [k for k in range(5) if possible[(k, *place)] and p[(k, *place)] > 0]
        best = max(leaves, key=lambda k: p[(k, *place)], default=-1)
        assert found[place] == best


@pytest.fixture(params=["axial", "all"])
def material(request, balls):
    preprocessing = Preprocessing(spacing=2.0, axis=request.param)
    store = open_store(balls, balls.cases, preprocessing)
    return Material(balls.name, balls.scheme, store, split_slices(store, {"04"}))


class Told:
    """Hears what is reported; asks for a stop or not."""

    def __init__(self, stop=False):
        self.stop_requested, self.stages = stop, []

    def update(self, stage):
        self.stages.append(stage)


@pytest.fixture
def predicted(monkeypatch):
    """Two models: of one all is core, of the other a little more is outside."""
    outside, core, shell = (SCHEME.leaf_names.index(name) for name in ("outside", "core", "shell"))
    asked = []

    def predict(slices, axis, members, device, advance):
        asked.append(axis)
        advance(1)
        p = torch.zeros((SCHEME.n_leaves, *slices.shape), dtype=torch.float16)
        of = {"one": (0.8, 0.1, 0.1), "two": (0.0, 0.9, 0.1)}
        for leaf, mean in zip(
            (core, outside, shell), np.mean([of[member] for member in members], axis=0), strict=True
        ):
            p[leaf] = float(mean)
        return lambda part: p[:, part]

    class Loaded(str):
        scheme = SCHEME

    monkeypatch.setattr("partialseg_trainer.training.run.predicted_labels.predict", predict)
    monkeypatch.setattr("partialseg_trainer.training.run.predicted_labels.load_model", Loaded)
    return asked


@pytest.fixture
def run(tmp_path):
    from partialseg_trainer.runs import RunFolder

    config = TrainConfig(dataset=tmp_path).model_dump(mode="json")
    return RunFolder.create(tmp_path / "run", config)


def test_partial_scans_that_train_are_labelled_and_all_others_stay(material, predicted, run):
    before = material.store
    after = pseudo_labelled(run, ["one", "two"], material, "cpu", Told()).store
    core = SCHEME.index("core")
    values = {store: SCHEME.vectors(store.leaf_sets) for store in (before, after)}
    for case in before.cases:
        (images, codes), (same, found) = before.read_case(case), after.read_case(case)
        assert np.array_equal(images, same)
        was, now = values[before][codes], values[after][found]
        known = was != 2
        assert np.array_equal(now[known], was[known]), "what is known always wins"
        if case.fully_known or case.subject == "04":
            assert np.array_equal(now, was)
        else:
            assert (now != 2).all() and (~known).any()
            # Of the ball's parts the core has the higher mean, though outside has the highest.
            assert (now[~known[..., core]][:, core] == 1).all()
    assert not after.leaf_sets[1:].all(axis=1).any() and after.leaf_sets[UNKNOWN].all()


def test_the_counts_of_codes_are_those_of_the_new_labels(material, predicted, run):
    after = pseudo_labelled(run, ["one"], material, "cpu", Told()).store
    numbers = after.numbers(lambda case: True)
    codes = np.concatenate([after.read_case(case)[1].reshape(-1) for case in after.cases])
    expected = np.bincount(codes, minlength=len(after.leaf_sets))
    assert after.code_counts(numbers).tolist() == expected.tolist()


def test_pseudo_labels_are_made_but_once_and_the_dataset_stays_as_it_was(
    material, predicted, run, balls
):
    files = {path: path.read_bytes() for path in balls.folder.rglob("*") if path.is_file()}
    told = Told()
    pseudo_labelled(run, ["one"], material, "cpu", told)
    assert told.stages == ["pseudo-labels of scan 1", "pseudo-labels of scan 2"]
    asked = len(predicted)
    pseudo_labelled(run, ["one"], material, "cpu", told)
    assert len(predicted) == asked == 2
    assert files == {path: path.read_bytes() for path in files}
    assert {path for path in balls.folder.rglob("*") if path.is_file()} == set(files)


def test_a_stop_leaves_no_half_of_the_pseudo_labels(material, predicted, run):
    with pytest.raises(StoppedOnRequest):
        pseudo_labelled(run, ["one"], material, "cpu", Told(stop=True))
    assert {path.name for path in run.path.iterdir()} == {"config.json", "checkpoints"}
