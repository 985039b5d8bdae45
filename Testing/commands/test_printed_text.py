"""Names and titles are shown as they are, on every terminal and in every file that is written."""

import csv
import io
import json
import os
import shutil
import sys

import pytest

from partialseg_trainer.cli import main
from partialseg_trainer.evaluation import score_files, write_scores
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.plain_text import markdown, printable, spreadsheet

LATIN = os.fsdecode(b"M\xfcller")


@pytest.fixture
def labelmap(pairs, tmp_path):
    """Copies a labelmap to a name of any kind."""

    def named(name):
        return shutil.copyfile(pairs / "labels" / "0.nii.gz", tmp_path / name)

    return named


@pytest.fixture
def evaluate(monkeypatch):
    """What `partialseg evaluate` prints, as bytes, where standard output has an encoding."""

    def call(path, encoding, *more):
        printed = io.BytesIO()
        monkeypatch.setattr("sys.stdout", io.TextIOWrapper(printed, encoding=encoding))
        with pytest.raises(SystemExit) as ended:
            main(["evaluate", str(path), str(path), "--scheme", "brainstem", *more])
        assert not ended.value.code
        sys.stdout.flush()
        return printed.getvalue()

    return call


@pytest.mark.parametrize("name", ["[study]", "[/red]", ":warning:", "a\x1b[2Jb", "a\x9b2Jb", LATIN])
def test_a_name_is_neither_markup_nor_an_escape_code(partialseg, tmp_path, name):
    missing = tmp_path / name
    done = partialseg("check", missing)
    assert done.code == 2
    assert printable(f"{missing} is not a folder") in done.sentence
    assert "\x1b" not in done.err and "\x9b" not in done.err
    wrong = partialseg("check", "folder", missing)
    assert wrong.code == 2 and "\x1b" not in wrong.err


def test_titles_in_a_table_are_text(partialseg, tmp_path):
    scheme = LabelScheme.load("brainstem").to_dict()
    scheme["labels"][0]["title"] = "[bold]Stem[/bold] :warning: \x1b[2J"
    path = tmp_path / "scheme.json"
    path.write_text(json.dumps(scheme))
    shown = partialseg("schemes", "show", path).out
    assert "[bold]Stem[/bold] :warning: \\x1b[2J" in shown


@pytest.mark.parametrize("encoding", ["ascii", "cp932", "cp850"])
def test_what_is_done_is_told_on_any_terminal(evaluate, labelmap, encoding):
    assert b"1.000" in evaluate(labelmap("Łukasz.nii.gz"), encoding)


def test_json_holds_every_name_in_every_encoding(evaluate, labelmap):
    for name, encoding in (("Łukasz", "cp1252"), (LATIN, "utf-8"), ("a\x9bb", "utf-8")):
        printed = evaluate(labelmap(f"{name}.nii.gz"), encoding, "--json").decode(encoding)
        assert "\x9b" not in printed
        assert list(json.loads(printed)["scans"]) == [f"{name}.nii.gz"]


def test_files_that_are_written_can_be_read_whatever_the_names(labelmap, tmp_path):
    path = labelmap(f"{LATIN}.nii.gz")
    scheme = LabelScheme.load("brainstem")
    scores = {path.name: score_files(path, path, scheme)}
    table, document = write_scores(tmp_path / "scores", scores, scheme)
    assert list(json.loads(document.read_text("utf-8"))["scans"]) == [path.name]
    assert r"M\udcfcller" in table.read_text("utf-8")


def test_no_cell_of_a_spreadsheet_is_a_formula(partialseg, labelmap, tmp_path):
    path = labelmap("=cmd,1.nii.gz")
    done = partialseg(
        *("evaluate", path, path, "--scheme", "brainstem", "--csv", tmp_path / "s.csv")
    )
    assert done.code == 0, done.err
    with open(tmp_path / "s.csv", newline="") as file:
        assert {row["scan"] for row in csv.DictReader(file)} == {"'=cmd,1.nii.gz"}
    kept = "-0.5,-1e-05,-0.12 ± 0.30 (6 of 8),+inf,word\n"
    assert spreadsheet(kept) == kept
    assert spreadsheet("-1+cmd|' /C calc'!A0,@SUM(1)\n") == "'-1+cmd|' /C calc'!A0,'@SUM(1)\n"


def test_markdown_shows_names_as_text():
    assert markdown("my_data, 2 scans (50 %)") == "my_data, 2 scans (50 %)"
    assert markdown("<img src=x>|[a](b)*_c_\n\n# d") == (r"&lt;img src=x&gt;\|\[a\](b)\*\_c\_ # d")


def test_without_a_home_what_needs_none_works(partialseg, monkeypatch, tmp_path):
    def nowhere(*_, **__):
        raise RuntimeError("Could not determine home directory")

    monkeypatch.setattr("platformdirs.user_data_path", nowhere)
    assert partialseg("models", "list").code == 0
    assert partialseg("runs", "list", "--root", tmp_path).code == 0
    done = partialseg("runs", "list")
    assert done.code == 2 and "HOME" in done.sentence
