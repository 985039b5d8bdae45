"""What the library needs: to annotate, only what Slicer ships."""

import subprocess
import sys
from pathlib import Path

import partialseg_trainer
import PartialSegLib

LIBRARY = Path(PartialSegLib.__file__).parent
# The demonstration is no part of the module: it runs the engine outside Slicer.
NOT_IN_SLICER = "demo"
ABSENT = ("nibabel", "pydantic", "torch", "monai", "pandas", "scipy", "skimage")


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
