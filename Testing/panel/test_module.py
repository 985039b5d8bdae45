"""What Slicer shows about the module, and what loading its file costs every start of Slicer."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_module_says_what_it_is_and_whose_method_it_uses(moduleWidget):
    import slicer

    module = slicer.util.getModule("PartialSeg")
    assert module.title == "PartialSeg"
    assert list(module.categories) == ["Segmentation"]
    assert "Kucheruk" in module.acknowledgementText
    assert "Segment Editor" in module.helpText


def test_loading_the_file_imports_nothing_that_takes_time():
    """Slicer runs the file at every start, whether the module is used or not."""
    code = """
import sys, types
for name in ("slicer", "slicer.util", "slicer.i18n", "slicer.ScriptedLoadableModule"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["slicer.i18n"].tr = sys.modules["slicer.i18n"].translate = str
scripted = sys.modules["slicer.ScriptedLoadableModule"]
for part in ("", "Widget", "Logic", "Test"):
    setattr(scripted, f"ScriptedLoadableModule{part}", type("Base", (), {}))
import PartialSeg
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "PartialSeg")}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert run.returncode == 0, run.stderr
    loaded = set(run.stdout.split())
    assert "PartialSeg" in loaded
    assert not loaded & {"numpy", "torch", "nibabel", "PartialSegLib", "partialseg_trainer", "qt"}
