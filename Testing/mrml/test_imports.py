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
    names = {path.stem for path in LIBRARY.glob("*.py")} - {NOT_IN_SLICER}
    modules = [f"PartialSegLib.{name}" for name in sorted(names)]
    script = f"""
import sys
sys.path[:0] = {[str(LIBRARY.parent), str(Path(partialseg_trainer.__file__).parents[1])]}
sys.modules.update(dict.fromkeys({ABSENT}))
import importlib
for module in {modules}:
    importlib.import_module(module)
"""
    subprocess.run([sys.executable, "-c", script], check=True)
