"""Slicer packages what the CMake files list, and what they list is enough to run."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cmake_lists import FOLDERS, KINDS, ROOT, listed, tracked


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("folder", FOLDERS)
def test_the_cmake_file_lists_every_tracked_file(folder, kind):
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so there is no telling which files belong to it")
    expected, actual = tracked(folder)[kind], listed(folder)[kind]
    missing, surplus = set(expected) - set(actual), set(actual) - set(expected)
    assert not missing and not surplus, "\n".join(
        [
            f"{folder}/CMakeLists.txt, _PYTHON_{kind}: run `make lists`, or by hand",
            *(f"add     {file}" for file in sorted(missing)),
            *(f"remove  {file}" for file in sorted(surplus)),
        ]
    )
    assert actual == expected, f"{folder}/CMakeLists.txt: sort the lists, or run `make lists`"


def test_the_listed_files_alone_make_an_engine_that_imports_beside_the_module(tmp_path):
    for folder in FOLDERS:
        for files in listed(folder).values():
            for file in files:
                target = tmp_path / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / folder / file, target)
    assert (tmp_path / "PartialSeg.py").is_file()
    check = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "import partialseg_trainer;"
        "from partialseg_trainer import dataset, labels, runs, volumes;"
        "from partialseg_trainer.labels.scheme import preset_names;"
        "[labels.LabelScheme.load(name) for name in preset_names()];"
        "print(partialseg_trainer.__file__)"
    )
    output = subprocess.run(
        [sys.executable, "-I", "-c", check, str(tmp_path)],
        **{"capture_output": True, "text": True, "cwd": tmp_path},
    )
    assert output.returncode == 0, output.stderr
    assert Path(output.stdout.strip()).is_relative_to(tmp_path)
    assert (tmp_path / "pyproject.toml").is_file(), "Slicer reads there what the engine needs"
    assert not (tmp_path / "default_model").exists(), "no user of Slicer makes that model anew"


def test_no_two_listed_files_would_land_in_one_place():
    files = [file for folder in FOLDERS for kind in KINDS for file in listed(folder)[kind]]
    assert len(files) == len(set(files))


def test_the_catalogue_entry_and_the_extension_agree():
    entry = json.loads((ROOT / "PartialSeg.json").read_text(encoding="utf-8"))
    extension = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    assert "project(PartialSeg)" in extension
    assert f'set(EXTENSION_HOMEPAGE "{entry["scm_url"]}")' in extension
    assert f'set(EXTENSION_CATEGORY "{entry["category"]}")' in extension
    assert f'set(EXTENSION_DEPENDS "{" ".join(entry["build_dependencies"])}")' in extension
