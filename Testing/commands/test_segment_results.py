"""`partialseg segment`: numbers and pictures with the result, and cohorts in parts."""

import csv
import json
import shutil

import nibabel
import numpy as np
import pytest

from partialseg_trainer.volumes import as_volume, read_labelmap


@pytest.fixture
def few(pairs, tmp_path):
    """A folder of two scans."""
    folder = tmp_path / "few"
    folder.mkdir()
    for name in ("0.nii.gz", "1.nii.gz"):
        shutil.copy(pairs / "images" / name, folder)
    return folder


@pytest.fixture
def painted(pairs):
    """Words by which something is found for sure, whatever an untrained model says."""
    return ("--known", pairs / "labels" / "0.nii.gz")


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_everything_that_can_be_told_of_one_scan(partialseg, model, scan, painted, tmp_path):
    out, table = tmp_path / "seg.nii.gz", tmp_path / "numbers.json"
    words = ("segment", scan, "-o", out, "--model", model, "--threads", 1, "--statistics", table)
    words = (*words, *painted, "--preview", "--probabilities", "--split")
    assert partialseg(*words).code == 0
    assert (tmp_path / "seg_preview.png").read_bytes()[:4] == b"\x89PNG"

    labelmap, image = read_labelmap(out), as_volume(scan)
    inside = np.isin(labelmap.data, [1, 2, 3, 4])
    rows = {row["label"]: row for row in json.loads(table.read_text())}
    assert set(rows) == {"midbrain", "pons", "medulla", "brainstem"}
    whole = rows["brainstem"]
    assert whole["scan"] == scan.name and whole["volume_ml"] == pytest.approx(inside.sum() / 125)
    found = (whole["mean_intensity"], whole["sd_intensity"])
    assert found == pytest.approx((image.data[inside].mean(), image.data[inside].std()), rel=1e-4)
    assert 0 < whole["confidence"] <= 1
    # Confidence was measured, not asked for as a file.
    assert not (tmp_path / "seg_confidence.nii.gz").exists()

    names = json.loads((tmp_path / "seg_probabilities.json").read_text())["LabelMap"]
    assert names == ["midbrain", "pons", "medulla", "brainstem"]
    probable = nibabel.load(tmp_path / "seg_probabilities.nii.gz")
    assert probable.shape == (*labelmap.data.shape, 4)
    shares = probable.get_fdata()
    assert shares.min() >= 0 and shares.max() <= 1 + 1e-6
    assert np.allclose(shares[..., :3].sum(-1), shares[..., 3], atol=0.01)
    assert (shares[..., 3][inside] > 0.2).all()
    for value, name in enumerate(names[:3], 1):
        mask = read_labelmap(tmp_path / f"seg_{name}.nii.gz").data
        assert np.array_equal(mask, labelmap.data == value)

    refused = partialseg(*words)
    assert refused.code == 2 and "already exists" in refused.sentence


def test_probabilities_keep_to_what_is_known(partialseg, model, scan, pairs, tmp_path):
    drawn = pairs / "labels" / "0.nii.gz"
    words = ("segment", scan, "-o", tmp_path / "seg.nii.gz", "--model", model)
    assert partialseg(*words, "--probabilities", "--known", f"{drawn}:all").code == 0
    shares = nibabel.load(tmp_path / "seg_probabilities.nii.gz").get_fdata()
    true = read_labelmap(drawn).data
    for channel in range(3):
        assert np.allclose(shares[..., channel], true == channel + 1)


def test_some_labels_alone_and_quietly(partialseg, model, scan, painted, tmp_path):
    out, table = tmp_path / "seg.nii.gz", tmp_path / "numbers.csv"
    words = ("segment", scan, "-o", out, "--model", model, "--overwrite", "--statistics", table)
    words = (*words, *painted)
    assert partialseg(*words).code == 0
    every = read_labelmap(out).data
    result = partialseg(*words, "--labels", "brainstem,pons", "--split", "--quiet")
    assert (result.code, result.out) == (0, "") and "Segmenting" not in result.err
    some = read_labelmap(out).data
    assert np.array_equal(some, np.select([every == 2, every > 0], [2, 4]))
    assert [row["label"] for row in rows_of(table)] == ["pons", "brainstem"]
    masks = sorted(path.name for path in tmp_path.glob("seg_*"))
    assert masks == ["seg_brainstem.nii.gz", "seg_pons.nii.gz"]
    unknown = partialseg(*words, "--labels", "cortex")
    assert unknown.code == 2 and "'cortex' is not in scheme" in unknown.sentence


def test_a_cohort_in_parts_is_joined_and_what_broke_off_goes_on(partialseg, model, few, tmp_path):
    out, table = tmp_path / "out", tmp_path / "all.csv"
    words = ("segment", few, "-o", out, "--model", model, "--statistics", table)
    assert partialseg(*words, "--part", "2/2").code == 0
    assert [path.name for path in out.glob("*.nii.gz")] == ["1.nii.gz"]
    of_part = (tmp_path / "all_2-of-2.csv").read_text()
    assert not table.exists()

    written = (out / "1.nii.gz").stat().st_mtime_ns
    rest = partialseg(*words, "--continue", "--json")
    content = json.loads(rest.out)
    assert (content["there_already"], len(content["scans"])) == (1, 1)
    assert (out / "1.nii.gz").stat().st_mtime_ns == written
    rows = rows_of(table)
    assert {row["scan"] for row in rows} == {"0.nii.gz", "1.nii.gz"} and len(rows) == 8
    assert all(line in table.read_text() for line in of_part.splitlines())

    more = partialseg(*words, "--continue", "--preview")
    assert more.code == 2 and "0_preview.png" in more.sentence
    assert (out / "1.nii.gz").stat().st_mtime_ns == written

    again = partialseg(*words, "--continue")
    assert again.code == 0 and "2 had been done before" in again.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--part", "3/2"), "no share such as 2/8"),
        (("--part", "half"), "no share such as 2/8"),
        (("--statistics", "numbers.xlsx"), ".csv or .json"),
    ],
)
def test_words_of_no_use_are_refused(partialseg, model, scan, tmp_path, words, said):
    out = tmp_path / "seg.nii.gz"
    result = partialseg("segment", scan, "-o", out, "--model", model, *words)
    assert result.code == 2 and said in result.sentence and not out.exists()


def test_a_table_that_is_another_is_not_gone_on_with(partialseg, model, scan, tmp_path):
    table = tmp_path / "numbers.csv"
    table.write_text("name,age\nx,3\n")
    words = ("segment", scan, "-o", tmp_path / "seg.nii.gz", "--model", model, "--continue")
    result = partialseg(*words, "--statistics", table)
    assert result.code == 2 and str(table) in result.sentence
    assert table.read_text().startswith("name,age")


NORMS = (
    "# population: none, made up\n# source: this test\n# licence: CC0\n"
    "age_weeks,label,mean_ml,sd_ml\n30,pons,1,0.2\n42,pons,3,0.4\n"
)


def test_volumes_stand_beside_what_is_published_for_the_age(
    partialseg, model, scan, few, painted, tmp_path
):
    norms = tmp_path / "norms.csv"
    norms.write_text(NORMS)
    words = ("segment", scan, "-o", tmp_path / "seg.nii.gz", "--model", model, *painted)
    words = (*words, "--norms", norms)
    unknown = partialseg(*words)
    assert unknown.code == 2 and "0.nii.gz is not known" in unknown.sentence
    days = partialseg(*words, "--age", 266)
    assert days.code == 2 and "divided by 7" in days.sentence
    alone = partialseg(*words[:-2], "--age", 38)
    assert alone.code == 2 and "--norms phantoms" in alone.sentence
    assert not (tmp_path / "seg.nii.gz").exists()

    told = partialseg(*words, "--age", 36)
    assert told.code == 0 and "Published at 36 weeks" in told.out and "1.4 to 2.6" in told.out
    assert (tmp_path / "seg_growth.png").read_bytes()[:4] == b"\x89PNG"

    cohort = ("segment", few, "-o", tmp_path / "out", "--model", model, "--norms", norms)
    refused = partialseg(*cohort, "--age", 36)
    assert refused.code == 2 and "is a folder of scans" in refused.sentence
    (few / "participants.tsv").write_text("participant_id\tscan_age\n1\t33\n")
    some = partialseg(*cohort, "--json")
    assert some.code == 0, some.err
    published = [scan["published"] for scan in json.loads(some.out)["scans"]]
    assert [each["weeks"] for each in published] == [None, 33]
    assert published[1]["volumes_ml"]["pons"] == pytest.approx(
        {"low": 1.0, "middle": 1.5, "high": 2.0}
    )
    assert [path.name for path in (tmp_path / "out").glob("*.png")] == ["1_growth.png"]
