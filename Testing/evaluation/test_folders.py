"""Scores of files and folders: what belongs together, what is written, what is refused."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from blobs import blob, labelmap
from partialseg_trainer.errors import UserError
from partialseg_trainer.evaluation import (
    score_files,
    score_folders,
    score_table,
    scores_content,
    summary_table,
    terminal_table,
    write_scores,
)
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.volumes import write_volume


@pytest.fixture(scope="module")
def dhcp9() -> LabelScheme:
    return LabelScheme.load("dhcp9")


def write(path, seed: int, value: int = 7) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_volume(path, labelmap(blob(seed) * value))


@pytest.fixture
def folders(tmp_path):
    """Predictions in one flat folder, truths in a BIDS tree beside their images."""
    for seed, subject in enumerate(("01", "02", "03")):
        write(tmp_path / "predictions" / f"sub-{subject}_ses-1_dseg.nii.gz", seed)
        anat = tmp_path / "truth" / f"sub-{subject}" / "ses-1" / "anat"
        write(anat / f"sub-{subject}_ses-1_desc-manual_dseg.nii.gz", seed + 10)
        write(anat / f"sub-{subject}_ses-1_T2w.nii.gz", seed + 20)
    return tmp_path / "predictions", tmp_path / "truth"


def test_bids_files_pair_by_subject_and_session(folders, dhcp9):
    told = []
    scores = score_folders(*folders, dhcp9, progress=lambda *step: told.append(step))
    assert list(scores) == ["sub-01_ses-1", "sub-02_ses-1", "sub-03_ses-1"]
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    alone = score_files(
        folders[0] / "sub-02_ses-1_dseg.nii.gz",
        folders[1] / "sub-02/ses-1/anat/sub-02_ses-1_desc-manual_dseg.nii.gz",
        dhcp9,
    )
    assert scores["sub-02_ses-1"] == alone


def test_other_files_pair_by_their_name_whatever_their_format(tmp_path, dhcp9):
    write(tmp_path / "predictions" / "Anna.nii.gz", 0)
    write(tmp_path / "truth" / "Anna.nrrd", 0)
    (scores,) = score_folders(tmp_path / "predictions", tmp_path / "truth", dhcp9).values()
    assert {row.label: row.dice for row in scores}["dgm"] == 1


def test_every_file_without_a_partner_is_named(folders, dhcp9):
    predictions, truth = folders
    write(predictions / "sub-04_dseg.nii.gz", 0)
    (predictions / "sub-01_ses-1_dseg.nii.gz").unlink()
    with pytest.raises(UserError, match=r"no truth for .*sub-04_dseg.* no prediction for .*sub-01"):
        score_folders(predictions, truth, dhcp9)


def test_an_error_in_one_file_names_it(folders, dhcp9):
    write(folders[0] / "sub-02_ses-1_dseg.nii.gz", 1, value=12)
    with pytest.raises(UserError, match=r"sub-02_ses-1_dseg\.nii\.gz against .*values 12"):
        score_folders(*folders, dhcp9)


def test_one_bad_file_does_not_stop_the_others(folders, dhcp9):
    whole = score_folders(*folders, dhcp9)
    bad = folders[0] / "sub-02_ses-1_dseg.nii.gz"
    bad.write_bytes(bad.read_bytes()[:-20])
    failed = {}
    scores = score_folders(*folders, dhcp9, failed=failed)
    assert list(failed) == ["sub-02_ses-1"] and str(bad) in str(failed["sub-02_ses-1"])
    assert scores == {scan: rows for scan, rows in whole.items() if scan not in failed}


def test_runs_are_scored_each_against_its_own_truth(tmp_path, dhcp9):
    for run in (1, 2):
        stem = f"sub-01/anat/sub-01_run-{run}"
        write(tmp_path / "out" / f"{stem}_desc-partialseg_dseg.nii.gz", run)
        write(tmp_path / "truth" / f"{stem}_dseg.nii.gz", run)
    scores = score_folders(tmp_path / "out", tmp_path / "truth", dhcp9)
    assert list(scores) == ["sub-01_run-1", "sub-01_run-2"]
    assert all({row.label: row.dice for row in rows}["dgm"] == 1 for rows in scores.values())


def test_the_table_is_long_and_the_summary_says_how_many_scans_were_used(folders, dhcp9):
    write(folders[0] / "sub-03_ses-1_dseg.nii.gz", 0, value=1)
    table = score_table(score_folders(*folders, dhcp9))
    assert list(table.columns[:3]) == ["scan", "label", "dice"]
    assert len(table) == 3 * len(dhcp9)
    summary = summary_table(table)
    assert tuple(summary.index) == dhcp9.names
    dgm = table[table.label == "dgm"]
    assert summary.loc["dgm", ("dice", "mean")] == pytest.approx(dgm.dice.mean())
    assert summary.loc["dgm", ("dice", "sd")] == pytest.approx(np.std(dgm.dice, ddof=1))
    counts = {key: int(summary.loc["dgm", key]) for key in summary if key[1] in ("n", "left_out")}
    assert (counts["dice", "n"], counts["dice", "left_out"]) == (3, 0)
    assert (counts["hd95", "n"], counts["hd95", "left_out"]) == (2, 1)
    assert summary.loc["ventricles", ("dice", "n")] == 0


def test_the_terminal_table_names_labels_and_shows_a_dash_for_what_is_undefined(folders, dhcp9):
    summary = summary_table(score_table(score_folders(*folders, dhcp9)))
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(terminal_table(summary, dhcp9, "Scores"))
    rows = (line for line in console.export_text().splitlines() if "│" in line)
    lines = {line.split("│")[1].strip(): line for line in rows}
    assert "±" in lines[dhcp9["dgm"].title]
    assert "—" in lines[dhcp9["ventricles"].title]


def test_csv_and_json_hold_every_score_and_the_json_its_rules_and_versions(
    folders, dhcp9, tmp_path
):
    scores = score_folders(*folders, dhcp9)
    csv, json_file = write_scores(tmp_path / "out", scores, dhcp9)
    table = score_table(scores)
    pd.testing.assert_frame_equal(pd.read_csv(csv).drop(columns="note"), table.drop(columns="note"))
    content = json.loads(json_file.read_text(encoding="utf-8"))
    assert content["scheme"] == "dhcp9"
    assert {"partialseg_trainer", "python", "numpy", "edt"} <= set(content["versions"])
    notes = {row["note"] for rows in content["scans"].values() for row in rows} - {""}
    assert notes <= set(content["rules"])
    assert content["summary"]["dgm"]["dice"]["n"] == 3
    assert content["summary"]["ventricles"]["dice"]["mean"] is None
    assert content["scans"] == json.loads(json.dumps(scores_content(scores, dhcp9)))["scans"]


def test_scores_that_are_there_already_are_not_overwritten(folders, dhcp9, tmp_path):
    scores = score_folders(*folders, dhcp9)
    write_scores(tmp_path, scores, dhcp9)
    with pytest.raises(UserError, match=r"scores\.csv and .*scores\.json would be overwritten"):
        write_scores(tmp_path, scores, dhcp9)
    write_scores(tmp_path, scores, dhcp9, replace=True)
