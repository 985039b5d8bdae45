"""What was drawn in Slicer is completed on Slicer's own grid."""

import json

import numpy as np
import pytest

from jobs_of_slicer import OBLIQUE, SHAPE, noise
from partialseg_trainer.completion import Effort
from partialseg_trainer.errors import UserError
from partialseg_trainer.jobs import complete
from partialseg_trainer.jobs.folder import JobError
from partialseg_trainer.labels import LabelScheme, Status

SCHEME = LabelScheme.load("brainstem")


def request(model, learn=True, **status):
    return {
        "model": str(model),
        "device": "cpu",
        "affine": OBLIQUE.tolist(),
        "scheme": SCHEME.to_dict(),
        "status": {name: status.get(name, Status.NOT_ANNOTATED).value for name in SCHEME.names},
        "shape": list(SHAPE),
        "learn": learn,
    }


def thirds():
    k = np.indices(SHAPE)[0]
    return {name: k % 3 == part for part, name in enumerate(("midbrain", "pons", "medulla"))}


def test_what_was_drawn_is_kept_and_learned_from(job, model, monkeypatch):
    monkeypatch.setattr(Effort, "steps", 6)
    masks = {f"masks__{name}": mask & (np.indices(SHAPE)[1] < 7) for name, mask in thirds().items()}
    status = dict.fromkeys(thirds(), Status.IN_PROGRESS)
    folder = job(request(model, **status), image=noise(), **masks)
    stages = []
    monkeypatch.setattr(type(folder), "report", lambda _, *report: stages.append(report[0]))
    result = complete.work(folder)
    assert result["learned"] and not result["reason"]
    labelmap = folder.array("labelmap")
    for name, mask in thirds().items():
        drawn = mask & (np.indices(SHAPE)[1] < 7)
        assert (labelmap[drawn] == SCHEME[name].value).all()
    assert folder.array("confidence").max() <= 100
    assert list(dict.fromkeys(stages)) == [
        "Reading the annotation",
        "Loading the model",
        "Learning from what was drawn",
        "Completing",
    ]
    json.dumps(result)


def test_too_little_is_kept_and_the_reason_told(job, model):
    mask = thirds()["pons"]
    folder = job(request(model, pons=Status.IN_PROGRESS), image=noise(), **{"masks__pons": mask})
    result = complete.work(folder)
    assert not result["learned"] and "Only 'pons' was drawn" in result["reason"]
    assert (folder.array("labelmap")[mask] == SCHEME["pons"].value).all()


def test_contradictions_are_named_with_their_places_and_nothing_is_completed(job, model):
    mask = thirds()["pons"]
    both = dict.fromkeys(("pons", "medulla"), Status.IN_PROGRESS)
    folder = job(request(model, **both), image=noise(), masks__pons=mask, masks__medulla=mask)
    with pytest.raises(JobError, match="overlap") as refused:
        complete.work(folder)
    assert refused.value.details["contradictions"][0]["ras"]
    assert not (folder.path / "labelmap.npy").exists()


def test_nothing_drawn_is_refused(job, model):
    with pytest.raises(UserError, match="Nothing is drawn"):
        complete.work(job(request(model), image=noise()))
