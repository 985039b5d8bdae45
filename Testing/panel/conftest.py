"""The real panel in a stand-in for Slicer; see Testing/slicer_stand_in/README.md."""

import os
import time
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

MODULE = Path(__file__).resolve().parents[2] / "PartialSeg" / "PartialSeg.py"
SCREENSHOTS = MODULE.parent / "Resources" / "Screenshots"


@pytest.fixture
def standIn(tmp_path, monkeypatch):
    """A session of the stand-in Slicer; slots that fail let the test fail."""
    pytest.importorskip("slicer", reason="needs slicer-core")
    pytest.importorskip(
        "PySide6.QtWidgets", reason="needs PySide6-Essentials", exc_type=ImportError
    )
    from slicer_stand_in.session import session
    from slicer_stand_in.signals import errors

    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home" / name))
    with session(tmp_path / "slicer") as running:
        yield running
        unexpected = [each for each in running.dialogs.errors if "unexpected error" in each.text]
    assert not errors, f"slots failed: {errors}"
    assert not unexpected, f"the panel met errors that it does not know: {unexpected}"


@pytest.fixture
def scene(standIn):
    """The scene of the session."""
    return standIn.scene


@pytest.fixture
def dialogs(standIn):
    """What the panel showed, and the answers it gets; see slicer_stand_in/dialogs.py."""
    return standIn.dialogs


@pytest.fixture
def packages(standIn):
    """Which packages are missing, and how installing ends; see slicer_stand_in/packages.py."""
    return standIn.packages


@pytest.fixture
def moduleWidget(standIn):
    """The PartialSegWidget of the opened module."""
    return standIn.openModule(MODULE)


@pytest.fixture
def panel(moduleWidget):
    """The whole panel, all sections in it."""
    return moduleWidget.panel


@pytest.fixture
def logic(standIn):
    """A PartialSegLogic for use without a panel."""
    from PartialSeg import PartialSegLogic

    return PartialSegLogic()


@pytest.fixture
def section(standIn, logic):
    """Builds one section alone, on the parameter node: section(ExportSection)."""
    built = []

    def build(kind):
        made = kind(logic)
        standIn.show(made.widget)
        made.setParameterNode(logic.getParameterNode())
        made.enter()
        built.append(made)
        return made

    yield build
    for made in built:
        made.cleanup()


@pytest.fixture
def waitFor(standIn):
    """Runs the event loop until a condition holds: waitFor(lambda: button.enabled)."""
    from slicer_stand_in.session import settle

    def wait(condition, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"still waiting after {seconds} s"
            settle()
            time.sleep(0.005)

    return wait


@pytest.fixture
def screenshot(standIn):
    """Saves a picture for the documentation, if PARTIALSEG_SCREENSHOTS is set."""
    from slicer_stand_in.picture import savePicture

    def save(shown, name: str) -> None:
        if "PARTIALSEG_SCREENSHOTS" in os.environ:
            savePicture(getattr(shown, "widget", shown), SCREENSHOTS / f"{name}.png")

    return save


@pytest.fixture
def vtkMessages():
    """What VTK and MRML print as warnings and errors: vtkMessages()."""
    import vtk

    before, window = vtk.vtkOutputWindow.GetInstance(), vtk.vtkStringOutputWindow()
    vtk.vtkOutputWindow.SetInstance(window)
    yield window.GetOutput
    vtk.vtkOutputWindow.SetInstance(before)
