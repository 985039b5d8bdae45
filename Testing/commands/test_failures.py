"""Disk full, no permission and our own mistakes: a sentence, a code, and nothing half written."""

import errno
import json
import os
import sys

import pytest

from partialseg_trainer.cli import main
from partialseg_trainer.commands.failures import ExitCode, explain
from partialseg_trainer.dataset import export_nnunet


@pytest.fixture
def full_disk(monkeypatch):
    """Nothing more can be brought to the disk."""

    def fsync(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)


def words_that_write(pairs, dataset, model, output):
    labels = pairs / "labels"
    import_ = ("import", "--images", pairs / "images", "--labels", labels, "--output", output)
    return {
        "import": (*import_, "--scheme", "brainstem"),
        "export": ("export", dataset, output, "--to", "nnunet"),
        "train": ("train", "--dataset", dataset, "--run", output),
        "segment": (
            *("segment", pairs / "images" / "0.nii.gz", "--model", model),
            *("-o", output.with_suffix(".nii.gz")),
        ),
        "evaluate": ("evaluate", labels, labels, "--scheme", "brainstem", "--csv", output),
    }


VERBS = ("import", "export", "train", "segment", "evaluate")


@pytest.mark.parametrize("verb", VERBS)
def test_a_full_disk(partialseg, pairs, dataset, model, tmp_path, full_disk, verb):
    place = tmp_path / "place"
    place.mkdir()
    result = partialseg(*words_that_write(pairs, dataset, model, place / "new")[verb])
    assert result.code == 2 and str(place / "new") in result.sentence
    assert "space" in result.sentence
    assert not list(place.iterdir())


@pytest.mark.parametrize("verb", VERBS)
def test_a_file_where_a_folder_is_needed(partialseg, pairs, dataset, model, tmp_path, verb):
    place = tmp_path / "place"
    place.write_text("mine")
    result = partialseg(*words_that_write(pairs, dataset, model, place / "new")[verb])
    assert result.code == 2 and str(place) in result.sentence
    assert place.read_text() == "mine"


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions elsewhere")
@pytest.mark.parametrize("verb", VERBS)
def test_no_permission(partialseg, pairs, dataset, model, tmp_path, verb):
    place = tmp_path / "place"
    place.mkdir()
    place.chmod(0o500)
    if os.access(place, os.W_OK):
        pytest.skip("this user may write everywhere")
    result = partialseg(*words_that_write(pairs, dataset, model, place / "new")[verb])
    assert result.code == 2 and str(place / "new") in result.sentence
    assert not list(place.iterdir())


def test_an_export_that_finds_the_disk_full_names_the_file_to_write(
    partialseg, dataset, tmp_path, monkeypatch
):
    def full(path, volume, *_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    # The package has a function of the module's name.
    monkeypatch.setattr(sys.modules[export_nnunet.__module__], "write_volume", full)
    result = partialseg("export", dataset, tmp_path / "raw", "--to", "nnunet")
    assert result.code == 2 and str(tmp_path / "raw" / "imagesTr") in result.sentence


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EACCES, "allow the access"),
        (errno.EROFS, "allow the access"),
        (errno.ENOENT, "check the path"),
        (errno.ENOTDIR, "choose another place"),
        (errno.EIO, "check the path and the disk"),
    ],
)
def test_every_error_of_the_system_names_the_file_and_a_remedy(code, remedy):
    sentence, exit_code = explain(OSError(code, os.strerror(code), "some/file"))
    assert exit_code is ExitCode.BAD_INPUT
    assert sentence.startswith("some/file ") and remedy in sentence


class TestOurOwnMistakes:
    @pytest.fixture
    def mistaken(self, monkeypatch):
        def check_dataset(*_):
            raise ZeroDivisionError("by zero")

        monkeypatch.setattr("partialseg_trainer.dataset.check_dataset", check_dataset)

    def test_they_are_one_sentence_that_says_how_to_learn_more(self, partialseg, mistaken):
        result = partialseg("check", "d")
        assert result.code == 70
        assert "ZeroDivisionError: by zero" in result.sentence and "--debug" in result.sentence
        assert "Traceback" not in result.err

    @pytest.mark.parametrize("how", ["option", "environment"])
    def test_debug_shows_where_they_arose(self, partialseg, mistaken, monkeypatch, how):
        if how == "environment":
            monkeypatch.setenv("PARTIALSEG_DEBUG", "1")
        result = partialseg(*(["--debug"] if how == "option" else []), "check", "d")
        assert result.code == 70
        assert "Traceback" in result.err and "check_dataset" in result.err


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "memory was not enough"),
        (RecursionError("maximum recursion depth exceeded"), "nested too deeply"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "memory was"),
    ],
)
def test_what_the_trainings_know_of_the_command_knows_too(partialseg, monkeypatch, error, words):
    def check_dataset(*_):
        raise error

    monkeypatch.setattr("partialseg_trainer.dataset.check_dataset", check_dataset)
    result = partialseg("check", "d")
    assert result.code == 2 and words in result.sentence


def test_names_are_shown_as_they_are_and_move_no_cursor(partialseg, tmp_path):
    name = "[red]:smile:[/no] \x1b[2J"
    labels = [{"name": "a", "title": name, "value": 1}]
    (tmp_path / "s.json").write_text(json.dumps({"name": name, "labels": labels}))
    result = partialseg("schemes", "show", tmp_path / "s.json")
    assert result.code == 0
    assert r"[red]:smile:[/no] \x1b[2J" in result.out and "\x1b" not in result.out


def test_ctrl_c_ends_with_130(partialseg, monkeypatch):
    def check_dataset(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("partialseg_trainer.dataset.check_dataset", check_dataset)
    assert partialseg("check", "d").code == 130


def test_without_an_error_the_command_ends_with_0(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert not ended.value.code
