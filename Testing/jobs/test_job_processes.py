"""The process of a job leaves a result or one sentence, whatever happens in it."""

import os
import subprocess
import sys

import numpy as np
import pytest

from jobs_of_slicer import OBLIQUE, SHAPE, noise
from partialseg_trainer.dataset import Dataset
from partialseg_trainer.interpreter import python_environment
from partialseg_trainer.jobs.__main__ import KINDS, main
from partialseg_trainer.labels import LabelScheme


def check_request(**changes):
    return {
        "scheme": LabelScheme.load("brainstem").to_dict(),
        "status": {"brainstem": "complete", "pons": "complete"},
        "affine": OBLIQUE.tolist(),
        "shape": SHAPE,
        **changes,
    }


def masks(inside=True):
    brainstem, pons = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    brainstem[2:9, 3:11, 4:12] = 1
    pons[(3, 5, 6) if inside else (0, 0, 0)] = 1
    return {"masks__brainstem": brainstem, "masks__pons": pons}


def test_a_check_leaves_codes_counts_and_its_last_stage(job, processed):
    folder = job(check_request(), **masks())
    result = processed("check", folder)
    assert result["contradictions"] == []
    counts = result["voxels"]["pons"]
    assert counts == {"no": np.prod(SHAPE) - 1, "yes": 1, "unknown": 0}
    assert result["voxels"]["medulla"]["unknown"] == 7 * 8 * 8 - 1
    vectors = folder.array("codebook")[folder.array("codes")]
    assert vectors.shape == (*SHAPE, 4)
    assert folder.progress()["stage"] == "Reading the annotation"
    assert folder.error() is None


def test_a_check_lists_contradictions_as_its_result(job, processed):
    result = processed("check", job(check_request(), **masks(inside=False)))
    (found,) = result["contradictions"]
    assert found["voxels"] == 1 and np.allclose(found["ras"], OBLIQUE[:3, 3], atol=1e-3)


def test_an_export_that_contradicts_itself_has_the_places_in_its_error(job, failed, tmp_path):
    request = check_request(
        dataset=str(tmp_path / "dataset"),
        name="n",
        subject="01",
        session=None,
        annotator="",
        group=None,
        replace=False,
    )
    error = failed("export", job(request, image=noise(), **masks(inside=False)))
    assert "contradicts itself" in error["message"]
    assert error["contradictions"][0]["labels"] == ["pons", "brainstem"]


@pytest.mark.parametrize("kind", ["segment", "rank", "devices", "train"])
def test_a_job_without_pytorch_names_it(job, failed, tmp_path, monkeypatch, kind):
    (tmp_path / "torch.py").write_text('raise ModuleNotFoundError("none", name="torch")')
    inherited = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), inherited]))
    dataset = Dataset.create(tmp_path / "dataset", "brainstem", "empty")
    request = {"config": {"dataset": str(dataset.folder)}, "run": None}
    error = failed(kind, job(request))
    assert error["message"] == (
        "The Python package 'torch' is missing or does not load; install it, and start again."
    )
    assert "Traceback" in error["log"]


def test_a_job_without_any_package_still_says_so(job, tmp_path):
    # As in a Slicer that has just been installed: numpy is all there is.
    folder = job({"dataset": "d"})
    absent = ("nibabel", "pydantic", "psutil", "torch", "scipy", "skimage", "filelock")
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({absent}));"
        "from pathlib import Path; from partialseg_trainer.jobs.__main__ import main;"
        "sys.exit(main('cases', Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(folder.path)]
    ended = subprocess.run(command, env=python_environment(), stderr=subprocess.DEVNULL)
    assert ended.returncode == 1
    assert "is missing" in folder.error()["message"]


def test_a_job_that_does_not_exist_is_refused(job, capsys):
    folder = job({})
    assert main("paint", folder.path) == 1
    assert all(kind in folder.error()["message"] for kind in KINDS)


def test_a_bug_is_one_sentence_with_a_traceback_for_developers(job):
    folder = job({})
    assert main("check", folder.path) == 1
    error = folder.error()
    assert "unexpected error ended the work (KeyError)" in error["message"]
    assert "Traceback" in error["log"]


def test_a_users_mistake_has_no_traceback(job, tmp_path):
    folder = job({"dataset": str(tmp_path)})
    assert main("cases", folder.path) == 1
    assert set(folder.error()) == {"message"}
    assert folder.result() is None
