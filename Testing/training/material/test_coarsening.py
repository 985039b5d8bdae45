"""The labels that every training scan knows, as a scheme of their own."""

import numpy as np

from partialseg_trainer.dataset import Dataset
from partialseg_trainer.labels import LabelScheme, LabelSets, Status
from partialseg_trainer.training.material import Material
from partialseg_trainer.training.material.coarsening import coarsened, subscheme
from partialseg_trainer.training.material.slices import UNKNOWN, open_store
from partialseg_trainer.training.material.split import split_slices
from partialseg_trainer.volumes import Volume
from partialseg_trainer.volumes.preprocessing import Preprocessing

DHCP = LabelScheme.load("dhcp9")
PARTS = DHCP["tcv"].children


def material_of(folder, *known):
    """A scan for each entry: a random labelmap, of which only these labels are known."""
    dataset = Dataset.create(folder, DHCP, "noise")
    rng = np.random.default_rng(0)
    for number, names in enumerate(known):
        labelmap = rng.choice(DHCP.leaf_values, size=(12, 12, 12))
        sets = LabelSets.from_labelmap(DHCP, labelmap, known=names)
        image = Volume(rng.random((12, 12, 12)).astype(np.float32), np.eye(4))
        dataset.add_case(f"{number}", image, sets, dict.fromkeys(names, Status.COMPLETE))
    store = open_store(dataset, dataset.cases, Preprocessing(spacing=1.0))
    return Material("noise", DHCP, store, split_slices(store, set()))


def without(*hidden):
    return tuple(name for name in DHCP.names if name not in hidden)


def test_a_super_label_known_everywhere_stands_for_its_parts(tmp_path):
    material = material_of(tmp_path / "data", DHCP.names, without(*PARTS))
    coarse = coarsened(material)
    assert coarse.scheme.names == without(*PARTS) and not coarse.scheme["tcv"].children
    store = material.store
    for name in coarse.scheme.names:
        fine = DHCP.vectors(store.leaf_sets)[:, DHCP.index(name)]
        found = coarse.scheme.vectors(coarse.store.leaf_sets)[:, coarse.scheme.index(name)]
        assert np.array_equal(fine, found), name
    assert coarse.store.leaf_sets[UNKNOWN].all()


def test_where_no_label_is_known_everywhere_it_is_the_union_of_all(tmp_path):
    material = material_of(tmp_path / "data", ("tcv", *PARTS), without("tcv", *PARTS))
    coarse = coarsened(material)
    assert coarse.scheme.names == ("foreground",)
    inside = ~material.store.leaf_sets[:, 0]
    assert np.array_equal(coarse.scheme.vectors(coarse.store.leaf_sets)[:, 0] == 1, inside)


def test_full_scans_alone_keep_the_whole_scheme(tmp_path):
    material = material_of(tmp_path / "data", DHCP.names)
    coarse = coarsened(material)
    assert coarse.scheme.names == DHCP.names
    assert np.array_equal(coarse.scheme.membership, DHCP.membership)
    assert np.array_equal(coarse.store.leaf_sets, material.store.leaf_sets)


def test_a_subscheme_hangs_labels_below_the_nearest_that_is_left():
    nested = [
        {
            "name": "a",
            "value": 1,
            "exhaustive": True,
            "children": [
                {
                    "name": "b",
                    "value": 2,
                    "exhaustive": True,
                    "children": [{"name": "c", "value": 3}, {"name": "d", "value": 4}],
                },
            ],
        }
    ]
    scheme = LabelScheme.from_dict({"name": "deep", "labels": nested})
    whole = subscheme(scheme, ["a", "c", "d"])
    assert (whole["a"].children, whole["a"].exhaustive) == (("c", "d"), True)
    part = subscheme(scheme, ["a", "c"])
    assert (part["c"].parent, part["a"].exhaustive) == ("a", False)
    assert LabelScheme.from_dict(part.to_dict()) == part
