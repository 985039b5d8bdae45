"""`partialseg evaluate`: tables, JSON and CSV of scores."""

import csv
import json
import shutil

import numpy as np
import pytest

from partialseg_trainer.volumes import Volume, read_labelmap, write_volume


@pytest.fixture
def truth(pairs):
    return pairs / "labels" / "0.nii.gz"


def test_a_labelmap_against_itself_is_perfect(partialseg, truth):
    result = partialseg("evaluate", truth, truth, "--scheme", "brainstem", "--json")
    assert result.code == 0
    (rows,) = json.loads(result.out)["scans"].values()
    assert [row["label"] for row in rows] == ["midbrain", "pons", "medulla", "brainstem"]
    assert all(row["dice"] == 1 and row["hd95"] == 0 for row in rows)


def test_a_missing_label_is_said_and_not_scored_in_silence(partialseg, truth, tmp_path):
    volume = read_labelmap(truth)
    without = np.where(volume.data == 2, 0, volume.data)
    write_volume(tmp_path / "p.nii.gz", Volume(without, volume.affine))
    result = partialseg("evaluate", tmp_path / "p.nii.gz", truth, "--scheme", "brainstem")
    assert result.code == 0
    assert "Pons: missing in prediction." in result.out


def test_folders_are_paired_by_name_and_written_as_csv(partialseg, pairs, tmp_path):
    labels, table = pairs / "labels", tmp_path / "scores.csv"
    words = ("evaluate", labels, labels, "--scheme", "brainstem", "--csv", table)
    assert partialseg(*words).code == 0
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4 * 4 and {row["dice"] for row in rows} == {"1.0"}
    again = partialseg(*words)
    assert again.code == 2 and "already exists" in again.sentence
    assert partialseg(*words, "--overwrite").code == 0


@pytest.mark.parametrize("bad", [["1"], ["0", "1", "2", "3"]])
def test_bad_files_in_a_folder_are_told_at_the_end_and_the_rest_is_scored(
    partialseg, pairs, tmp_path, bad
):
    predictions = shutil.copytree(pairs / "labels", tmp_path / "predictions")
    for name in bad:
        (predictions / f"{name}.nii.gz").write_text("broken")
    words = ("evaluate", predictions, pairs / "labels", "--scheme", "brainstem")
    result = partialseg(*words, "--csv", tmp_path / "scores.csv")
    assert result.code == 1
    assert f"Scored {4 - len(bad)} of 4 scans" in result.out
    assert all(str(predictions / f"{name}.nii.gz") in result.err for name in bad)
    content = json.loads(partialseg(*words, "--json").out)
    assert len(content["scans"]) == 4 - len(bad) and len(content["failed"]) == len(bad)
    with open(tmp_path / "scores.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == 4 * (4 - len(bad))


class TestRefusals:
    def refused(self, partialseg, *words):
        result = partialseg("evaluate", *words)
        assert result.code == 2 and not result.out
        return result.sentence

    def test_labelmaps_of_another_scheme(self, partialseg, truth):
        sentence = self.refused(partialseg, truth, truth, "--scheme", "wmh-stroke")
        assert str(truth) in sentence and "wmh-stroke" in sentence

    def test_labelmaps_on_different_grids(self, partialseg, truth, tmp_path):
        volume = read_labelmap(truth)
        moved = volume.affine.copy()
        moved[0, 3] += 5
        write_volume(tmp_path / "moved.nii.gz", Volume(volume.data, moved))
        sentence = self.refused(
            partialseg, tmp_path / "moved.nii.gz", truth, "--scheme", "brainstem"
        )
        assert "moved.nii.gz" in sentence and "resample" in sentence

    def test_a_scheme_that_does_not_exist(self, partialseg, truth):
        assert "dhcp9" in self.refused(partialseg, truth, truth, "--scheme", "dhcp")

    def test_a_file_that_does_not_exist(self, partialseg, truth, tmp_path):
        sentence = self.refused(partialseg, tmp_path / "no.nii", truth, "--scheme", "brainstem")
        assert "no.nii does not exist" in sentence

    def test_a_file_against_a_folder(self, partialseg, truth):
        words = (truth, truth.parent, "--scheme", "brainstem")
        assert "two folders or two files" in self.refused(partialseg, *words)


def test_the_scheme_has_to_be_named(partialseg, truth):
    result = partialseg("evaluate", truth, truth)
    assert result.code == 2 and "--scheme" in result.err
