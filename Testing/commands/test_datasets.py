"""`partialseg import`, `export`, `check`, `synthesize` and `vary`."""

import json

import numpy as np
import pytest

from partialseg_trainer.dataset import Dataset
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.volumes import Volume, read_labelmap, write_labelmap, write_volume


def importing(pairs, tmp_path, *more, scheme="brainstem"):
    places = ("--images", pairs / "images", "--labels", pairs / "labels")
    return ("import", *places, "--scheme", scheme, "--output", tmp_path / "made", *more)


def test_import_hides_labels_but_in_the_scans_kept_full(partialseg, pairs, tmp_path):
    hiding = ("--hide", "midbrain,pons,medulla", "--keep-full", 1, "--seed", 3)
    result = partialseg(*importing(pairs, tmp_path, *hiding, "--json"))
    assert result.code == 0
    said = json.loads(result.out)
    assert (said["scans"], said["fully_labelled"]) == (4, 1)
    cases = Dataset.open(tmp_path / "made").cases
    assert sum(case.info.fully_known for case in cases) == 1


def test_a_mapping_takes_numbers_and_label_names(partialseg, pairs, tmp_path):
    result = partialseg(*importing(pairs, tmp_path, "--map", "1=pons,2=1,3=outside"))
    assert result.code == 0
    dataset = Dataset.open(tmp_path / "made")
    before = read_labelmap(pairs / "labels" / "0.nii.gz").data
    after = dataset.cases[0].label_sets(dataset.scheme).labelmap()
    assert np.array_equal(after, np.choose(before, [0, 2, 1, 0]))


def test_an_import_says_what_each_value_was_taken_for(partialseg, pairs, tmp_path):
    mapping = ("--map", "1=pons,2=1,3=outside")
    shown = partialseg(*importing(pairs, tmp_path, *mapping)).out
    assert "Pons (pons)" in shown and "Midbrain (midbrain)" in shown
    labelmaps = [read_labelmap(path).data for path in (pairs / "labels").iterdir()]
    counts = sum(np.bincount(data.ravel(), minlength=4) for data in labelmaps)
    words = importing(pairs, tmp_path / "again", *mapping, "--json")
    assert json.loads(partialseg(*words).out)["values"] == [
        {"value": value, "label": label, "voxels": counts[value]}
        for value, label in enumerate(("outside", "pons", "midbrain", "outside"))
    ]


def test_the_option_for_full_scans_is_named_as_it_is_typed(partialseg, pairs, tmp_path):
    result = partialseg(*importing(pairs, tmp_path, "--keep-full", 2))
    assert result.code == 2 and "--keep-full" in result.sentence


@pytest.mark.parametrize(
    ("mapping", "word"),
    [
        ("1=nose", "nose"),
        ("1", "OLD=NEW"),
        ("a=1", "OLD=NEW"),
        ("1=1,1=2", "twice"),
        ("1=99", "1=99"),
    ],
)
def test_a_wrong_mapping_is_refused(partialseg, pairs, tmp_path, mapping, word):
    result = partialseg(*importing(pairs, tmp_path, "--map", mapping))
    assert result.code == 2 and word in result.sentence
    assert not (tmp_path / "made").exists()


class TestImportRefusals:
    """Each in one sentence, with nothing written."""

    def refused(self, partialseg, tmp_path, *words):
        before = sorted(tmp_path.rglob("*"))
        result = partialseg(*words)
        assert result.code == 2 and not result.out
        assert sorted(tmp_path.rglob("*")) == before
        return result

    def test_labels_outside_the_scheme(self, partialseg, pairs, tmp_path):
        words = importing(pairs, tmp_path, scheme="wmh-stroke")
        sentence = self.refused(partialseg, tmp_path, *words).sentence
        assert "0.nii.gz" in sentence and "3 (" in sentence and "map" in sentence

    def test_labels_of_another_geometry(self, partialseg, pairs, tmp_path):
        volume = read_labelmap(pairs / "labels" / "0.nii.gz")
        write_volume(tmp_path / "0.nii.gz", Volume(volume.data, volume.affine * 1.5))
        places = ("--images", pairs / "images" / "0*", "--labels", tmp_path / "0*")
        words = ("import", *places, "--scheme", "brainstem", "--output", tmp_path / "made")
        sentence = self.refused(partialseg, tmp_path, *words).sentence
        assert str(tmp_path / "0.nii.gz") in sentence and "resample" in sentence

    def test_an_unknown_label_to_hide(self, partialseg, pairs, tmp_path):
        words = importing(pairs, tmp_path, "--hide", "nose")
        assert "'nose'" in self.refused(partialseg, tmp_path, *words).sentence

    def test_an_unknown_scheme(self, partialseg, pairs, tmp_path):
        words = importing(pairs, tmp_path, scheme="brainsten")
        assert "brainstem" in self.refused(partialseg, tmp_path, *words).sentence

    def test_an_output_that_exists(self, partialseg, pairs, tmp_path):
        (tmp_path / "made").mkdir()
        (tmp_path / "made" / "mine.txt").write_text("mine")
        words = importing(pairs, tmp_path)
        assert "already exists" in self.refused(partialseg, tmp_path, *words).sentence

    def test_options_of_another_layout(self, partialseg, pairs, tmp_path):
        words = importing(pairs, tmp_path, "--layout", "dhcp")
        assert "--layout pairs" in self.refused(partialseg, tmp_path, *words).err

    def test_a_layout_without_its_folder(self, partialseg, tmp_path):
        words = ("import", "--layout", "dhcp", "--output", tmp_path / "made")
        assert "--folder" in self.refused(partialseg, tmp_path, *words).err

    def test_an_unknown_layout(self, partialseg, pairs, tmp_path):
        words = importing(pairs, tmp_path, "--layout", "dcm")
        shown = self.refused(partialseg, tmp_path, *words).err
        assert "'dcm'" in shown and "nnunet" in shown


def test_an_export_for_nnunet_says_what_is_lost_and_comes_back(partialseg, dataset, tmp_path):
    result = partialseg("export", dataset, tmp_path / "raw", "--to", "nnunet")
    assert result.code == 0
    assert "4 scans" in result.out and "2 scans known in part" in result.err
    words = ("--layout", "nnunet", "--folder", tmp_path / "raw", "--output", tmp_path / "back")
    assert partialseg("import", *words, "--scheme", "brainstem").code == 0
    assert len(Dataset.open(tmp_path / "back").cases) == 4


def test_an_export_of_an_empty_dataset_is_refused(partialseg, tmp_path):
    Dataset.create(tmp_path / "empty", "brainstem", "empty")
    result = partialseg("export", tmp_path / "empty", tmp_path / "raw", "--to", "nnunet")
    assert result.code == 2 and "no cases" in result.sentence
    assert not (tmp_path / "raw").exists()


class TestCheck:
    def test_a_sound_dataset(self, partialseg, dataset):
        result = partialseg("check", dataset)
        assert result.code == 0 and "no problems" in result.out

    def test_every_problem_at_once(self, partialseg, dataset):
        first, second = Dataset.open(dataset).cases[:2]
        first.labels_path.write_bytes(first.labels_path.read_bytes()[:100])
        second.image_path.unlink()
        result = partialseg("check", dataset)
        assert result.code == 1
        lines = [line for line in result.out.splitlines() if line.startswith("error: ")]
        for path in (first.labels_path, second.image_path):
            assert any(line.startswith(f"error: {path}: ") for line in lines)
        listed = json.loads(partialseg("check", dataset, "--json").out)
        assert listed["errors"] == len(lines) == len(listed["problems"]) - listed["warnings"]

    def test_warnings_alone_are_no_failure(self, partialseg, pairs, tmp_path):
        partialseg(*importing(pairs, tmp_path, "--hide", "midbrain,pons,medulla"))
        result = partialseg("check", tmp_path / "made")
        assert result.code == 0 and "1 warning" in result.out


def test_phantoms_make_a_dataset(partialseg, tmp_path):
    words = ("synthesize", tmp_path / "phantoms", "--subjects", 2, "--full", 1, "--json")
    said = json.loads(partialseg(*words).out)
    assert (said["scheme"], said["scans"], said["fully_labelled"]) == ("dhcp9", 2, 1)


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [("--full", 9, "full is 9"), ("--hide", "nose", "nose"), ("--subjects", 0, "--subjects")],
)
def test_phantoms_that_make_no_dataset_are_refused(partialseg, tmp_path, option, value, named):
    result = partialseg("synthesize", tmp_path / "phantoms", option, value)
    assert result.code == 2 and named in result.err
    assert not (tmp_path / "phantoms").exists()


def test_vary_adds_copies_of_the_scans_that_train(partialseg, tmp_path):
    partialseg("synthesize", tmp_path / "phantoms", "--subjects", 2, "--full", 1)
    words = ("vary", tmp_path / "phantoms", tmp_path / "varied", "--copies", 1, "--json")
    made = json.loads(partialseg(*words).out)
    assert (made["scans"], made["fully_labelled"]) == (4, 2)


@pytest.mark.parametrize("status", ["completed", "inprogress", "flagged"])
def test_segmentations_of_slicer_are_imported_by_name_and_status(
    partialseg, pairs, tmp_path, status
):
    scheme = LabelScheme.load("brainstem")
    volume = read_labelmap(pairs / "labels" / "0.nii.gz")
    # The file's own numbers are those of another scheme.
    own = scheme.to_dict()
    for label, value in zip(own["labels"][0]["children"], (7, 5, 6), strict=True):
        label["value"] = value
    table = np.array([0, 7, 5, 6], np.uint8)
    (tmp_path / "labels").mkdir()
    write_labelmap(
        tmp_path / "labels" / "0.seg.nrrd",
        volume.with_data(table[volume.data]),
        LabelScheme.from_dict(own),
        status=status,
    )
    done = partialseg(
        *("import", "--images", pairs / "images" / "0.nii*", "--labels", tmp_path / "labels"),
        *("--scheme", "brainstem", "--output", tmp_path / "d", "--json"),
    )
    if status == "flagged":
        assert done.code == 2 and "held back" in done.sentence
        return
    assert done.code == 0
    assert {"value": "Pons", "label": "pons", "voxels": int((volume.data == 2).sum())} in (
        json.loads(done.out)["values"]
    )
    (case,) = Dataset.open(tmp_path / "d").cases
    expected = np.where(volume.data == 2, 1, 0 if status == "completed" else 2)
    found = case.label_sets(scheme).value_of("pons")
    np.testing.assert_array_equal(found[volume.data != 0] == 1, expected[volume.data != 0] == 1)
    np.testing.assert_array_equal(found[volume.data == 0], expected[volume.data == 0])
