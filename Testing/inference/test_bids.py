"""The BIDS validator finds no error in what is written; and scans of another contrast are told."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from partialseg_trainer.dataset import Dataset
from partialseg_trainer.errors import UserError
from partialseg_trainer.inference import find_jobs, find_scans, other_contrast, segment_files
from partialseg_trainer.inference.outputs import Outputs
from partialseg_trainer.labels import LabelScheme, LabelSets
from partialseg_trainer.volumes import Volume, skull_stripped
from partialseg_trainer.volumes.preprocessing import Preprocessing
from small_models import decided_unet, model_of

SHAPE = (24, 24, 20)


@pytest.fixture
def tree(tmp_path):
    """A dataset of two scans of FLAIR, one of them of a brain alone."""
    scheme = LabelScheme.load("brainstem")
    made = Dataset.create(tmp_path / "tree", scheme, "two", "FLAIR")
    away = np.linalg.norm(np.indices(SHAPE).T - (12, 12, 10), axis=-1).T
    labelmap = np.where(away < 7, 1, 0).astype(np.uint8)
    noise = np.random.default_rng(0).random(SHAPE).astype(np.float32)
    for subject, image in (("01", noise + 1), ("02", (noise + 1) * (away < 8))):
        sets = LabelSets.from_labelmap(scheme, labelmap)
        volume = Volume(image.astype(np.float32), np.eye(4))
        made.add_case(subject, volume, sets, {}, session="1")
    return made


def errors_in(folder: Path) -> list[str]:
    validator = shutil.which("bids-validator-deno", path=Path(sys.executable).parent)
    if validator is None or importlib.util.find_spec("bids_validator_deno") is None:
        pytest.skip("needs bids-validator-deno")
    done = subprocess.run([validator, folder, "--json"], capture_output=True, text=True)
    issues = json.loads(done.stdout)["issues"]["issues"]
    return [
        f"{each['code']} {each.get('location')}" for each in issues if each["severity"] == "error"
    ]


def test_a_dataset_says_whether_its_scans_are_stripped_and_is_bids(tree):
    told = [json.loads(case.image_sidecar_path.read_text()) for case in tree.cases]
    assert told == [{"SkullStripped": False}, {"SkullStripped": True}]
    assert errors_in(tree.folder) == []


def test_segmentations_of_a_tree_are_a_bids_derivative(tree, tmp_path):
    for case, named in zip(tree.cases, ("space-T1w", "desc-preproc"), strict=True):
        case.image_path.rename(str(case.image_path).replace("_FLAIR", f"_{named}_FLAIR"))
    output = tmp_path / "results"
    jobs = find_jobs(tree.folder, output, outputs=Outputs(confidence=True), contrast="FLAIR")
    model = model_of(decided_unet(), Preprocessing(spacing=1.0))
    results = dict(segment_files(jobs, model, outputs=Outputs(confidence=True), device="cpu"))
    assert not any(isinstance(result, UserError) for result in results.values())
    described = json.loads((output / "dataset_description.json").read_text())
    assert described["DatasetType"] == "derivative"
    assert len(list(output.glob("**/*_desc-preprocpartialseg_dseg.nii.gz"))) == 1
    assert errors_in(output) == []


def test_a_tree_is_searched_for_the_models_contrast_and_others_are_told(tree, tmp_path):
    assert len(find_scans(tree.folder, "FLAIR")) == 2
    with pytest.raises(UserError, match="_T2w"):
        find_scans(tree.folder, "T2w")
    (job,) = find_jobs(tree.cases[0].image_path, tmp_path / "out.nii.gz")
    assert "FLAIR" in other_contrast(job, "T2w") and other_contrast(job, "FLAIR") is None


def test_a_head_that_reaches_the_border_is_not_stripped():
    data = np.zeros((10, 10, 10), np.float32)
    data[3:7, 3:7, 3:7] = 1
    assert skull_stripped(data)
    data[4, 4, :4] = 1
    assert not skull_stripped(data)
