"""Scans are segmented on Slicer's own grid, and a folder of them is put in order."""

import json

import numpy as np
import pytest

from jobs_of_slicer import OBLIQUE, SHAPE, noise
from partialseg_trainer.dataset import Dataset
from partialseg_trainer.errors import UserError
from partialseg_trainer.inference import load_model
from partialseg_trainer.inference import segment as segment_volume
from partialseg_trainer.jobs import rank, segment
from partialseg_trainer.jobs.axes import to_volume
from partialseg_trainer.labels import LabelScheme, LabelSets
from partialseg_trainer.volumes import Volume, read_volume, write_volume

SCHEME = LabelScheme.load("brainstem")


def test_the_result_is_that_of_the_scan_in_its_place(job, model):
    folder = job({"model": str(model), "device": "cpu", "affine": OBLIQUE.tolist()}, image=noise())
    result = segment.work(folder)
    expected = segment_volume(to_volume(noise(), OBLIQUE), load_model(model), confidence=True)
    labelmap, confidence = folder.array("labelmap"), folder.array("confidence")
    assert labelmap.shape == confidence.shape == SHAPE
    assert np.array_equal(labelmap.T, expected.labelmap.dataobj)
    assert confidence.dtype == np.uint8
    assert np.abs(confidence.T / 100 - expected.confidence.get_fdata()).max() <= 0.005 + 1e-6
    assert LabelScheme.from_dict(result["scheme"]) == SCHEME
    assert result["model"] == "small" and result["device"].startswith("CPU")
    assert result["seconds"] >= 0 and result["warnings"] == list(expected.warnings)
    assert result["volumes_ml"] == pytest.approx(expected.volumes_ml())
    for name, percent in result["confidence"].items():
        inside = SCHEME.mask(np.asarray(labelmap), name)
        expected_percent = confidence[inside].mean() if inside.any() else None
        assert percent == pytest.approx(expected_percent, abs=0.6)
    json.dumps(result)


def test_progress_names_the_stage_and_the_time_left(job, model, monkeypatch):
    folder = job({"model": str(model), "device": "cpu", "affine": OBLIQUE.tolist()}, image=noise())
    seen = []
    monkeypatch.setattr(type(folder), "report", lambda _, *report: seen.append(report))
    segment.work(folder)
    assert seen[0] == ("Loading the model",)
    assert seen[1] == ("Segmenting", 0.0)
    assert seen[-1] == ("Segmenting", 1.0, 0.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "no-such-model"}, "not a model folder"),
        ({"device": "cuda:99"}, "choose auto or cpu"),
        ({"affine": np.zeros((4, 4)).tolist()}, "cannot be inverted"),
    ],
)
def test_what_cannot_be_segmented_is_refused(job, model, changes, words):
    request = {"model": str(model), "device": "cpu", "affine": OBLIQUE.tolist(), **changes}
    with pytest.raises(UserError, match=words):
        segment.work(job(request, image=noise()))


@pytest.fixture
def scans(tmp_path):
    """Two scans, a file that is none, and one that belongs to macOS."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for number, name in enumerate(("a.nii.gz", "b.nrrd")):
        scan = np.random.default_rng(number).normal(size=SHAPE).astype(np.float32)
        write_volume(folder / name, Volume(scan, np.diag([2.0, 2.0, 2.0, 1.0])))
    (folder / "bad.nii").write_text("no image")
    (folder / "._a.nii.gz").write_text("no image either")
    return folder


def test_the_scan_that_the_model_is_least_sure_of_comes_first(job, model, scans):
    folder = job({"folder": str(scans), "model": str(model), "device": "cpu"})
    result = rank.work(folder)["scans"]
    assert {scan["path"] for scan in result} == {
        str(scans / name) for name in ("a.nii.gz", "b.nrrd", "bad.nii")
    }
    *good, bad = result
    assert bad["path"].endswith("bad.nii") and "not an image" in bad["error"]
    assert bad["uncertainty"] is None and bad["volumes_ml"] == {}
    assert [scan["error"] for scan in good] == [None, None]
    assert 1 >= good[0]["uncertainty"] >= good[1]["uncertainty"] >= 0
    for scan in good:
        alone = segment_volume(scan["path"], load_model(model), confidence=True)
        assert scan["uncertainty"] == pytest.approx(alone.uncertainty())
        assert scan["volumes_ml"] == alone.volumes_ml()
    assert folder.progress()["stage"] == "Segmenting scans"


def test_scans_that_the_dataset_holds_are_told_whatever_their_files_are_called(
    job, model, scans, tmp_path
):
    request = {"folder": str(scans), "model": str(model), "device": "cpu"}
    request["dataset"] = str(tmp_path / "dataset")
    cases = [scan["case"] for scan in rank.work(job(request))["scans"]]
    assert cases == [None, None, None], "a folder without a dataset holds none"
    dataset = Dataset.create(tmp_path / "dataset", SCHEME, "exported")
    scan = read_volume(scans / "b.nrrd")
    sets = LabelSets.from_masks(SCHEME, {}, {}, shape=scan.data.shape, affine=scan.affine)
    dataset.add_case("07", scan, sets, {})
    found = {scan["path"]: scan["case"] for scan in rank.work(job(request))["scans"]}
    assert {path for path, case in found.items() if case} == {str(scans / "b.nrrd")}
    assert found[str(scans / "b.nrrd")] == "sub-07"


def test_nothing_is_written_beside_the_scans(job, model, scans):
    before = sorted(scans.iterdir())
    rank.work(job({"folder": str(scans), "model": str(model), "device": "cpu"}))
    assert sorted(scans.iterdir()) == before


def test_a_failure_in_one_scan_is_told_and_the_others_go_on(job, model, scans, monkeypatch):
    def fails_once(path, *arguments, **options):
        if path.name == "a.nii.gz":
            raise MemoryError
        return segment_volume(path, *arguments, **options)

    monkeypatch.setattr(rank, "segment", fails_once)
    result = rank.work(job({"folder": str(scans), "model": str(model), "device": "cpu"}))["scans"]
    errors = {scan["path"].rpartition("/")[2]: scan["error"] for scan in result}
    assert "memory was not enough" in errors["a.nii.gz"] and errors["b.nrrd"] is None


def test_a_folder_without_scans_is_refused(job, model, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no image"):
        rank.work(job({"folder": str(tmp_path / "empty"), "model": "", "device": "cpu"}))
