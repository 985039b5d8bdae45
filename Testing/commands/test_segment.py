"""`partialseg segment`: one scan, many, and models that cannot be used."""

import csv
import importlib
import json
import os
import pickle
import shutil
from pathlib import Path
from types import SimpleNamespace

import nibabel
import numpy as np
import pytest

from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.volumes import Volume, read_labelmap, write_volume


def test_one_scan_keeps_its_grid_and_its_volumes_are_listed(partialseg, model, scan, tmp_path):
    output = tmp_path / "out" / "seg.nii.gz"
    result = partialseg("segment", scan, "-o", output, "--model", model, "--confidence")
    assert result.code == 0
    before, after = nibabel.load(scan), nibabel.load(output)
    assert after.shape == before.shape and np.array_equal(after.affine, before.affine)
    assert (tmp_path / "out" / "seg_confidence.nii.gz").is_file()
    assert all(label.title in result.out for label in LabelScheme.load("brainstem"))


@pytest.mark.parametrize("words", ["MB left; free some space", "may not be changed"])
def test_what_cannot_be_written_is_told_before_the_network_has_run(
    partialseg, model, scan, tmp_path, monkeypatch, words
):
    if "MB" in words:
        free = SimpleNamespace(total=10**9, used=10**9, free=2000)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    else:
        monkeypatch.setattr(os, "access", lambda path, _: str(path) != str(tmp_path))
    # Whoever calls it has come too far.
    module = importlib.import_module("partialseg_trainer.inference.segment")
    monkeypatch.setattr(module, "predict", None)
    result = partialseg("segment", scan, "-o", tmp_path / "seg.nii.gz", "--model", model)
    assert result.code == 2
    assert words in result.sentence
    assert not list(tmp_path.glob("seg*"))


def test_json_on_standard_output_is_one_document(partialseg, model, scan, tmp_path):
    output = tmp_path / "seg.nii.gz"
    result = partialseg("segment", scan, "-o", output, "--model", model, "--json")
    content = json.loads(result.out)
    assert content["scheme"] == "brainstem"
    (entry,) = content["scans"]
    assert entry["labelmap"] == str(output) and entry["confidence"] is None
    values, counts = np.unique(np.asarray(nibabel.load(output).dataobj), return_counts=True)
    brainstem_ml = counts[values > 0].sum() * 8 / 1000
    assert entry["volumes_ml"]["brainstem"] == pytest.approx(brainstem_ml, abs=1e-3)


def test_a_result_is_written_with_names_and_scored_by_them(
    partialseg, model, scan, pairs, tmp_path
):
    plain, named = tmp_path / "a.nii.gz", tmp_path / "b.seg.nrrd"
    assert partialseg("segment", scan, "-o", plain, "--model", model, "--table").code == 0
    with open(tmp_path / "a_dseg.tsv", encoding="utf-8", newline="") as file:
        rows = {row["abbreviation"]: row for row in csv.DictReader(file, delimiter="\t")}
    assert rows["pons"]["index"] == "2" and rows["pons"]["name"] == "Pons"
    assert rows["pons"]["color"][0] == "#" and len(rows) == 4
    words = ("segment", scan, "-o", named, "--model", model, "--confidence")
    assert partialseg(*words).code == 0
    assert (tmp_path / "b_confidence.nrrd").is_file()
    again = partialseg("segment", scan, "-o", plain, "--model", model, "--table")
    assert again.code == 2 and "2 more" not in again.sentence
    scored = partialseg("evaluate", named, plain, "--scheme", "brainstem", "--json")
    (scores,) = json.loads(scored.out)["scans"].values()
    assert all(row["dice"] == 1 for row in scores if row["truth_ml"])


def test_a_bad_scan_in_a_folder_does_not_stop_the_others(partialseg, model, pairs, tmp_path):
    images = shutil.copytree(pairs / "images", tmp_path / "images")
    (images / "1.nii.gz").write_text("broken")
    # Not scans, though they are volumes.
    for name in ("0_seg.nii.gz", "2-label.nii.gz", "2_brain_mask.nii.gz"):
        shutil.copy(pairs / "labels" / "0.nii.gz", images / name)
    result = partialseg("segment", images, "-o", tmp_path / "out", "--model", model, "--json")
    assert result.code == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        f"{number}{ending}" for number in (0, 2, 3) for ending in (".nii.gz", "_dseg.tsv")
    ]
    failed = [entry for entry in json.loads(result.out)["scans"] if "error" in entry]
    assert [entry["image"] for entry in failed] == [str(images / "1.nii.gz")]
    left_out = [Path(path).name for path in json.loads(result.out)["left_out"]]
    assert left_out == ["0_seg.nii.gz", "2-label.nii.gz", "2_brain_mask.nii.gz"]


def test_a_doubtful_result_is_told_to_people_and_to_scripts(partialseg, model, tmp_path):
    flat = tmp_path / "flat.nii.gz"
    write_volume(flat, Volume(np.ones((16, 16, 16), dtype=np.float32), np.eye(4)))
    words = ("segment", flat, "-o", tmp_path / "seg.nii.gz", "--model", model, "--overwrite")
    assert f"Doubtful: {flat}: The scan has one value" in partialseg(*words).err
    (entry,) = json.loads(partialseg(*words, "--json").out)["scans"]
    assert "one value" in entry["warnings"][0]


def test_a_bids_tree_gets_derivatives(partialseg, model, dataset, tmp_path):
    result = partialseg("segment", dataset, "-o", tmp_path / "out", "--model", model)
    assert result.code == 0
    assert "4 of 4 scans" in result.out
    assert len(list((tmp_path / "out").glob("sub-*/anat/*_desc-partialseg_dseg.nii.gz"))) == 4


@pytest.mark.parametrize("name", ["seg.nii.gz", "seg_confidence.nii.gz"])
def test_no_file_is_replaced_unless_asked(partialseg, model, scan, tmp_path, name):
    (tmp_path / name).write_text("mine")
    words = ("segment", scan, "-o", tmp_path / "seg.nii.gz", "--model", model, "--confidence")
    result = partialseg(*words)
    assert result.code == 2 and name in result.sentence
    assert [path.read_text() for path in tmp_path.glob("seg*")] == ["mine"]
    assert partialseg(*words, "--overwrite").code == 0
    assert nibabel.load(tmp_path / name).shape == nibabel.load(scan).shape


def test_what_is_known_is_kept(partialseg, model, scan, pairs, tmp_path):
    drawn = pairs / "labels" / "0.nii.gz"
    output = tmp_path / "seg.nii.gz"
    words = ("segment", scan, "-o", output, "--model", model)
    assert partialseg(*words, "--known", f"{drawn}:all").code == 0
    assert np.array_equal(read_labelmap(output).data, read_labelmap(drawn).data)
    other = read_labelmap(drawn)
    write_volume(tmp_path / "other.nii.gz", other.with_data(other.data[:, :, ::-1].copy()))
    both = ("--known", f"{drawn}:all", "--known", f"{tmp_path / 'other.nii.gz'}:all")
    result = partialseg(*words, "--overwrite", "--known", drawn, *both)
    assert f"{drawn} and {tmp_path / 'other.nii.gz'} contradict each other" in result.sentence
    result = partialseg("segment", pairs / "images", "-o", tmp_path, "--known", drawn)
    assert result.code == 2 and "the annotation of one scan" in result.sentence


class TestModels:
    """A model that cannot be used is refused before anything is written."""

    def refused(self, partialseg, scan, model, tmp_path, words=()):
        output = tmp_path / "out" / "seg.nii.gz"
        result = partialseg("segment", scan, "-o", output, "--model", model, *words)
        assert result.code == 2 and not output.parent.exists()
        return result.sentence

    def test_no_model_folder(self, partialseg, scan, tmp_path):
        assert "model.json" in self.refused(partialseg, scan, tmp_path / "none", tmp_path)

    def test_corrupted_weights(self, partialseg, scan, model, tmp_path):
        copied = shutil.copytree(model, tmp_path / "model")
        weights = bytearray((copied / "weights.safetensors").read_bytes())
        weights[-5] ^= 255
        (copied / "weights.safetensors").write_bytes(weights)
        assert "weights.safetensors" in self.refused(partialseg, scan, copied, tmp_path)

    def test_pickled_weights_are_not_loaded(self, partialseg, scan, model, tmp_path):
        copied = shutil.copytree(model, tmp_path / "model")
        (copied / "weights.safetensors").write_bytes(pickle.dumps({"head.weight": [1.0]}))
        assert "pickled" in self.refused(partialseg, scan, copied, tmp_path)

    @pytest.mark.parametrize("device", ["tpu", "cuda:99", "meta"])
    def test_a_device_that_is_not_there(self, partialseg, scan, model, tmp_path, device):
        sentence = self.refused(partialseg, scan, model, tmp_path, ("--device", device))
        assert device in sentence and "cpu" in sentence


@pytest.mark.parametrize("output", ["seg.png", "seg"])
def test_an_output_of_unknown_format_is_refused(partialseg, model, scan, tmp_path, output):
    result = partialseg("segment", scan, "-o", tmp_path / output, "--model", model)
    assert result.code == 2 and ".nii.gz" in result.sentence
    assert not list(tmp_path.glob("seg*"))


def test_a_scan_that_does_not_exist_is_refused(partialseg, model, tmp_path):
    result = partialseg("segment", tmp_path / "no.nii.gz", "-o", tmp_path / "o.nii.gz")
    assert result.code == 2 and "no.nii.gz does not exist" in result.sentence


def test_a_model_named_twice_and_mirrored_is_averaged(partialseg, model, scan, tmp_path):
    words = ("segment", scan, "-o", tmp_path / "seg.nii.gz", "--model", model, "--model", model)
    content = json.loads(partialseg(*words, "--mirror", "--json").out)
    name = json.loads((model / "model.json").read_text())["name"]
    assert content["model"] == f"{name}, {name}"
    assert (tmp_path / "seg.nii.gz").is_file()


def test_models_that_cannot_be_averaged_are_refused(partialseg, model, scan, tmp_path):
    other = shutil.copytree(model, tmp_path / "other")
    content = json.loads((other / "model.json").read_text())
    content["preprocessing"]["spacing"] = 3.0
    (other / "model.json").write_text(json.dumps(content))
    words = ("segment", scan, "-o", tmp_path / "seg.nii.gz", "--model", model, "--model", other)
    result = partialseg(*words)
    assert result.code == 2 and "differ in their preprocessing" in result.sentence
    assert not (tmp_path / "seg.nii.gz").exists()


def test_scans_of_other_programs_give_nifti(partialseg, model, scan, tmp_path):
    import SimpleITK

    (tmp_path / "in").mkdir()
    nibabel.MGHImage.from_image(nibabel.load(scan)).to_filename(tmp_path / "in" / "a.mgz")
    SimpleITK.WriteImage(SimpleITK.ReadImage(str(scan)), str(tmp_path / "in" / "b.mhd"))
    words = ("segment", tmp_path / "in", "-o", tmp_path / "out", "--model", model)
    assert partialseg(*words).code == 0
    written = sorted((tmp_path / "out").glob("*.nii.gz"))
    assert [path.name for path in written] == ["a.nii.gz", "b.nii.gz"]
    assert np.array_equal(*(read_labelmap(path).data for path in written))
    result = partialseg("segment", scan, "-o", tmp_path / "a.mgz", "--model", model)
    assert result.code == 2 and "must end in .nii.gz, .nii, .nrrd" in result.sentence
