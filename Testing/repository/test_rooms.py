"""Engine and module are built in rooms, and each room imports only what lies above it."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / "PartialSegTrainer" / "partialseg_trainer"
LIBRARY = ROOT / "PartialSeg" / "PartialSegLib"

# From the top down, as in CONTRIBUTING.md.
ENGINE_ROOMS = [
    "errors",
    "failures",
    "folders",
    "finding",
    "plain_text",
    "weeks",
    "limits",
    "incoming",
    "files",
    "user_folders",
    "interpreter",
    "methods",
    "labels",
    "volumes",
    "dicom",
    "dataset",
    "runs",
    "models",
    "losses",
    "networks",
    "inference",
    "training",
    "completion",
    "evaluation",
    "synthesis",
    "experiments",
    "jobs",
    "commands",
    "cli",
]
TRAINING_ROOMS = [
    "settings",
    "ranks",
    "material",
    "step",
    "run",
    "strategies",
    "__init__",
    "__main__",
]
LIBRARY_ROOMS = [
    "resources",
    "scene",
    "engine",
    "annotation",
    "prediction",
    "dataset",
    "training",
    "samples",
    "panel",
    "selfTest",
    "demo",
]
SECTIONS = sorted(path.parent.name for path in (LIBRARY / "panel").glob("*/section.py"))
ROOMS = {ENGINE: ENGINE_ROOMS, ENGINE / "training": TRAINING_ROOMS, LIBRARY: LIBRARY_ROOMS}
TORCH_FREE = ("methods", "labels", "volumes", "dicom", "dataset", "runs", "models")
APPLICATION = {"slicer", "qt", "ctk", "vtk", "PartialSeg", "PartialSegLib"}


def imports_of(path: Path, root: Path = ENGINE.parent) -> Iterator[tuple[str, int]]:
    """Every name that a file of a package in `root` imports, wherever in it, and its line."""
    package = path.relative_to(root).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = [*above, *([node.module] if node.module else [])]
            # `from .. import files` names a room only in what it imports.
            yield from ((".".join([*base, alias.name]), node.lineno) for alias in node.names)


def room_of(path: Path, house: Path = ENGINE) -> str:
    return path.relative_to(house).parts[0].removesuffix(".py")


@pytest.mark.parametrize("house", ROOMS, ids=lambda house: house.name)
def test_every_file_belongs_to_a_room(house):
    rooms = {room_of(path, house) for path in house.rglob("*.py")}
    assert rooms <= {*ROOMS[house], "__init__"}, "give the new room its place in ROOMS"


@pytest.mark.parametrize("house", ROOMS, ids=lambda house: house.name)
def test_a_room_imports_only_rooms_above_it(house):
    rooms, wrong = ROOMS[house], []
    for path in house.rglob("*.py"):
        for name, line in imports_of(path, house.parent):
            package, _, below = name.partition(".")
            other = below.partition(".")[0]
            if (
                package == house.name
                and other in rooms
                and rooms.index(other) > rooms.index(room_of(path, house))
            ):
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {other}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_of_the_panel_knows_no_other_section(section):
    wrong = []
    for path in (LIBRARY / "panel" / section).rglob("*.py"):
        for name, line in imports_of(path, LIBRARY.parent):
            within = name.partition("PartialSegLib.panel.")[2].partition(".")[0]
            if within in SECTIONS and within != section:
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {within}")
    assert not wrong, "\n".join(wrong)


def test_the_engine_knows_neither_slicer_nor_qt():
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in ENGINE.rglob("*.py")
        for name, line in imports_of(path)
        if name.partition(".")[0] in APPLICATION
    ]
    assert not wrong, "\n".join(wrong)


def test_in_the_module_only_the_panel_knows_qt():
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in LIBRARY.rglob("*.py")
        if LIBRARY / "panel" not in path.parents
        for name, line in imports_of(path, LIBRARY.parent)
        if name.partition(".")[0] in {"qt", "ctk"}
    ]
    assert not wrong, "\n".join(wrong)


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a statement brings into a fresh Python."""
    code = (
        f"import sys; sys.path.insert(0, {str(ENGINE.parent)!r}); before = set(sys.modules);"
        f"{statement};"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert output.returncode == 0, output.stderr
    return set(output.stdout.split())


@pytest.mark.parametrize("room", TORCH_FREE)
def test_the_upper_rooms_work_without_torch(room):
    modules = [
        ".".join(path.relative_to(ENGINE.parent).with_suffix("").parts)
        for path in sorted(ENGINE.rglob("*.py"))
        if room_of(path) == room and path.stem != "__main__"
    ]
    loaded = loaded_by(f"import {', '.join(modules)}")
    assert not loaded & {"torch", "monai", "lightning"}


@pytest.mark.parametrize(
    "modules",
    [
        "partialseg_trainer.labels, partialseg_trainer.methods, partialseg_trainer.interpreter",
        "partialseg_trainer.jobs.check, partialseg_trainer.jobs.__main__",
    ],
)
def test_what_the_panel_opens_with_needs_nothing_but_numpy(modules):
    loaded = loaded_by(f"import {modules}") - set(sys.stdlib_module_names)
    assert {name for name in loaded if not name.startswith("_")} == {"numpy", "partialseg_trainer"}
