"""What the library needs: to annotate, only what Slicer ships."""

import ast
import subprocess
import sys
from pathlib import Path

import partialseg_trainer
import PartialSegLib

LIBRARY = Path(PartialSegLib.__file__).parent
# The demonstration is no part of the module: it runs the engine outside Slicer.
NOT_IN_SLICER = "demo"
ABSENT = ("nibabel", "pydantic", "torch", "monai", "pandas", "scipy", "skimage")
# What the window may import: it stands still meanwhile, and scipy alone takes most of a second.
QUICK = (
    *("errors", "files", "finding", "interpreter", "jobs", "labels", "methods", "user_folders"),
    "weeks",
    *("labels.encode", "labels.scheme", "labels.segments"),
)
# Imported a little at a time, while nobody waits (engine/warmUp.py).
WARMED_UP = ("runs",)
# Functions for scripts, which wait for them anyway; the last is for models of several contrasts.
FOR_SCRIPTS = {
    "prediction/results.py": {"volumes"},
    "dataset/export.py": {"dataset"},
    "scene/furtherImages.py": {"dataset.contrast"},
}


def test_every_file_opens_before_the_engines_packages_are_installed():
    files = [path.relative_to(LIBRARY.parent).with_suffix("") for path in LIBRARY.rglob("*.py")]
    modules = sorted(
        ".".join(file.parts)
        for file in files
        if "panel" not in file.parts and file.stem != NOT_IN_SLICER
    )
    script = f"""
import sys
sys.path[:0] = {[str(LIBRARY.parent), str(Path(partialseg_trainer.__file__).parents[1])]}
sys.modules.update(dict.fromkeys({ABSENT}))
import importlib
for module in {modules}:
    importlib.import_module(module)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_scripts_find_files_by_where_they_lay_before_there_were_rooms():
    from PartialSegLib.export import exportCase
    from PartialSegLib.headless import headlessScene
    from PartialSegLib.segments import createSegments
    from PartialSegLib.segmentStatus import setSegmentStatus

    assert exportCase is PartialSegLib.dataset.export.exportCase
    assert headlessScene is PartialSegLib.scene.headless.headlessScene
    assert createSegments is PartialSegLib.scene.segments.createSegments
    assert setSegmentStatus is PartialSegLib.scene.segmentStatus.setSegmentStatus


def test_the_window_imports_nothing_of_the_engine_that_takes_long():
    """Use this model and List imported all that reads images, with the window standing still."""
    for file in LIBRARY.rglob("*.py"):
        place = file.relative_to(LIBRARY).as_posix()
        if file.stem == NOT_IN_SLICER:
            continue
        allowed = {*QUICK, *WARMED_UP, *FOR_SCRIPTS.get(place, ())}
        assert _imported(ast.parse(file.read_text(encoding="utf-8"))) <= allowed, place
    script = f"""
import sys
sys.path.append({str(Path(partialseg_trainer.__file__).parents[1])!r})
sys.modules.update(dict.fromkeys({ABSENT}))
import importlib
for module in {QUICK}:
    importlib.import_module("partialseg_trainer." + module)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def _imported(tree):
    """What is imported of the engine, but for what only type checkers see."""
    found, unseen = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            unseen.update(map(id, node.body))
        if isinstance(node, ast.ImportFrom) and id(node) not in unseen:
            room, _, name = (node.module or "").partition(".")
            if room == "partialseg_trainer" and not node.level and name:
                found.add(name)
    return found
