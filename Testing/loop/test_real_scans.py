"""The whole loop on real scans, as a user types it: import, check, train, segment, evaluate."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest

import partialseg_trainer

WEEKS = ("GA28_operated", "GA29_operated", "GA30_operated", "GA31_operated", "GA32_operated")


def partialseg(*arguments, cwd):
    command = [sys.executable, "-c", "from partialseg_trainer.cli import main; main()"]
    done = subprocess.run(
        [*command, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def scans(atlas, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(partialseg_trainer.__file__).parents[1]))
    for week in WEEKS:
        shutil.copytree(atlas / week, tmp_path / "scans" / week)
    return tmp_path


def test_from_partly_annotated_atlas_volumes_to_scores(scans):
    partialseg(
        *("import", "--images", "scans", "--labels", "scans", "--scheme", "fetal8"),
        *("--hide", "wm,cgm,dgm,corpus_callosum", "--keep-full", "3", "--output", "dataset"),
        cwd=scans,
    )
    assert json.loads(partialseg("check", "dataset", "--json", cwd=scans))["problems"] == []
    partialseg(
        *("train", "--dataset", "dataset", "--run", "run", "--loss", "iuc", "--spacing", "2.5"),
        *("--patch", "32", "48", "--width", "8", "--set", "network.depth=3", "--epochs", "6"),
        *("--slices-per-epoch", "160", "--batch-size", "4", "--schedule", "one_cycle"),
        # So short a training needs a quick last layer.
        *("--set", "head_rate=10"),
        cwd=scans,
    )
    image = scans / "scans" / WEEKS[0] / "T2w.nii.gz"
    partialseg("segment", image, "-o", "found.nii.gz", "--model", "run", cwd=scans)
    found, scan = nibabel.load(scans / "found.nii.gz"), nibabel.load(image)
    assert found.shape == scan.shape
    assert np.allclose(found.affine, scan.affine, atol=1e-6)

    truth = scans / "scans" / WEEKS[0] / "parcellation.nii.gz"
    scores = json.loads(
        partialseg("evaluate", "found.nii.gz", truth, "--scheme", "fetal8", "--json", cwd=scans)
    )
    dice = {entry["label"]: entry["dice"] for scan in scores["scans"].values() for entry in scan}
    assert dice["tcv"] > 0.8
    assert dice["wm"] > 0.5
