"""A model tells the labels that its scans showed, and says nothing of the others."""

import numpy as np
import pytest

from ball_scans import SCHEME, ball
from partialseg_trainer.dataset import Dataset
from partialseg_trainer.dataset.hiding import status_after_hiding
from partialseg_trainer.errors import UserError
from partialseg_trainer.inference import segment
from partialseg_trainer.labels import LabelScheme, LabelSets
from partialseg_trainer.networks.model import load_model
from partialseg_trainer.training import prepare_run, train
from partialseg_trainer.training.material.told import untold_labels

FETAL = LabelScheme.load("fetal8")


def sets_of(labelmap, scheme=FETAL, **known):
    return LabelSets.from_labelmap(scheme, np.array(labelmap, dtype=np.uint8), **known).leaf_sets()


def test_labels_that_may_be_there_and_are_never_marked_are_untold():
    ecsf = FETAL["ecsf"].value
    untold = untold_labels(FETAL, sets_of([0, ecsf], annotated=["ecsf"]))
    assert set(untold) == set(FETAL.names) - {"ecsf"}


def test_labels_that_are_known_to_be_absent_are_told():
    assert untold_labels(FETAL, sets_of([0, FETAL["ecsf"].value])) == ()


def test_parts_that_nobody_ever_told_apart_are_refused():
    tcv = FETAL["tcv"].value
    with pytest.raises(UserError, match=r"wm.*cannot be told apart; label one scan fully"):
        untold_labels(FETAL, sets_of([0, tcv], annotated=["tcv"]))


@pytest.mark.parametrize(
    ("loss", "strategy"),
    [("even_ce+leaf_dice", "plain"), ("even_ce+leaf_dice", "self_training"), ("iuc", "plain")],
)
def test_a_model_never_finds_what_its_scans_did_not_show(tmp_path, loss, strategy, quick):
    content = SCHEME.to_dict()
    content["labels"].append({"name": "halo", "title": "Halo", "value": 4, "colour": [1, 2, 3]})
    scheme = LabelScheme.from_dict(content)
    dataset = Dataset.create(tmp_path / "data", scheme, "halos")
    for number in range(3):
        image, labelmap = ball(number)
        sets = LabelSets.from_labelmap(scheme, labelmap, annotated=("core", "shell"))
        dataset.add_case(f"{number}", image, sets, status_after_hiding(sets))
    changes = {"dataset": dataset.folder, "loss": loss, "strategy": strategy, "epochs": 1}
    config = quick.model_copy(update=changes)
    run = prepare_run(tmp_path / "run", config)
    train(run)
    model = load_model(run.model)
    assert model.info.untold == ("halo",)
    assert "nothing of halo" in (run.model / "MODEL_CARD.md").read_text()
    result = segment(ball(7)[0], model, device="cpu")
    assert "halo" not in result.volumes_ml() and "shell" in result.volumes_ml()
    assert 4 not in np.asarray(result.labelmap.dataobj)
