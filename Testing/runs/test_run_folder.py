"""A run folder is made whole, is never made over another, and is found again."""

import json
import os
from pathlib import Path

import pytest

from partialseg_trainer.errors import UserError
from partialseg_trainer.runs import RunFolder, default_root, list_runs, new_run_path


def test_create_writes_the_configuration(tmp_path):
    run = RunFolder.create(tmp_path / "runs" / "a", {"loss": "iuc"})
    assert json.loads(run.config_file.read_text()) == {"loss": "iuc"}
    assert run.checkpoints.is_dir()


def test_create_refuses_a_folder_with_content(tmp_path):
    (tmp_path / "notes.txt").write_text("keep me")
    with pytest.raises(UserError, match="already exists"):
        RunFolder.create(tmp_path, {})
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_create_says_which_folder_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file/a cannot be made"):
        RunFolder.create(tmp_path / "file" / "a", {})


def test_a_relative_path_stays_the_same_run_when_the_working_folder_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = RunFolder(Path("a"))
    monkeypatch.chdir("/")
    assert run.path == tmp_path / "a"


def test_names_are_dated_free_and_fit_for_a_folder(tmp_path):
    first = new_run_path("Tümor & WM: 2/3", tmp_path)
    assert first.parent == tmp_path
    assert first.name.endswith("-Tümor-WM-2-3")
    first.mkdir()
    assert new_run_path("Tümor & WM: 2/3", tmp_path).name == f"{first.name}-2"
    assert new_run_path("///", tmp_path).name.endswith("-run")
    assert new_run_path("a").parent == default_root()


def test_runs_are_listed_newest_first_among_foreign_files(tmp_path):
    for age, name in enumerate(["newest", "middle", "oldest"]):
        run = RunFolder.create(tmp_path / name, {})
        os.utime(run.config_file, (1e9 - age, 1e9 - age))
    (tmp_path / "holiday pictures").mkdir()
    RunFolder.create(tmp_path / ".0123-being-made", {})
    (tmp_path / "notes.txt").write_text("")
    assert [run.name for run in list_runs(tmp_path)] == ["newest", "middle", "oldest"]


def test_no_folder_of_runs_means_no_runs(tmp_path):
    assert list_runs(tmp_path / "absent") == []
