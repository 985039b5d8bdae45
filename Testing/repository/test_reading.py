"""Files of others are read in one place, which refuses pipes, devices and what is too large."""

import ast
from pathlib import Path

import pytest

ENGINE = Path(__file__).resolve().parents[2] / "PartialSegTrainer" / "partialseg_trainer"

READERS = {
    *("read_text", "read_bytes", "read_csv", "read_table", "loadtxt", "genfromtxt", "fromfile"),
    *("load", "loads", "safe_load", "load_file", "safe_open", "open", "memmap"),
}
OURS = {"incoming", "Dataset", "cls", "Experiment", "LabelScheme", "Norms", "known"}
# Where else something is read, and why it may be.
ALLOWED = {
    "incoming.py": "the one place",
    "commands/train.py": "the text of an option",
    "dicom/files.py": "files of a zip file whose sizes were asked for",
    "experiments/cell_folder.py": "results of its own, each looked at before",
    "experiments/cost.py": "a header, of a file whose size was asked for",
    "experiments/reading.py": "the presets that come along",
    "jobs/folder.py": "arrays of its own, each looked at before",
    "models/packing.py": "an archive whose sizes were asked for",
    "networks/model.py": "weights, of a file whose size was asked for",
    "training/run/checkpoints.py": "checkpoints of its own, without code",
    "training/material/slices.py": "a store of its own",
    "volumes/file_bytes.py": "the first bytes of what is a file",
}


def reads(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Attribute) and called.attr in READERS:
            owner = called.value.id if isinstance(called.value, ast.Name) else "?"
            if owner not in OURS:
                found.add(f"{owner}.{called.attr}")
        elif isinstance(called, ast.Name) and called.id == "open":
            modes = [each.value for each in node.args[1:] if isinstance(each, ast.Constant)]
            if not any(mode[0] in "wa" or "+" in mode for mode in modes):
                found.add("open")
    return found


@pytest.mark.parametrize("path", sorted(ENGINE.rglob("*.py")), ids=lambda path: path.stem)
def test_files_of_others_are_read_in_one_place(path):
    place = path.relative_to(ENGINE).as_posix()
    # What lies in a run is read by the room of runs, which knows the names of its files.
    if place in ALLOWED or place.startswith("runs/"):
        return
    assert not reads(path), f"{place}: read it through `incoming`, or say here why not"
