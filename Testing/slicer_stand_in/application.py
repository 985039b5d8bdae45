"""slicer.app: Qt's application with what Slicer adds, and the managers that it hands out."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import ClassVar

import slicer
from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Signal, Slot

from .input_output import qSlicerCoreIOManager
from .layout import qSlicerLayoutManager
from .module_dock import ModuleDock


class qSlicerModuleManager(QtCore.QObject):
    """Knows the modules of this session."""

    moduleLoaded = Signal(str)
    moduleAboutToBeUnloaded = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, object] = {}

    @Slot(str, result=object)
    def module(self, name: str):
        return self.known.get(name)

    @Slot(result=object)
    def modulesNames(self):
        return tuple(self.known)


class qSlicerApplication(QtWidgets.QApplication):
    """One for the whole test run, as Qt demands; `begin` makes it new for every test."""

    startupCompleted = Signal()
    mrmlSceneChanged = Signal(object)
    signatures: ClassVar[dict[str, str]] = {
        "mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged(PyObject)"
    }

    def __init__(self) -> None:
        super().__init__([sys.argv[0]])
        self.setStyle("Fusion")
        self.setOrganizationName("NA-MIC")
        self.setApplicationName("Slicer")
        _useFontOfMatplotlibWhereThereIsNone()

    def begin(self, scene, folder: Path) -> None:
        """A session of its own, with its settings and temporary files in `folder`."""
        self._scene = scene
        self._temporary = str(folder)
        ini = QtCore.QSettings.Format.IniFormat
        QtCore.QSettings.setDefaultFormat(ini)
        QtCore.QSettings.setPath(ini, QtCore.QSettings.Scope.UserScope, str(folder / "settings"))
        self._settings = QtCore.QSettings()
        self.modules = qSlicerModuleManager()
        self._layouts = qSlicerLayoutManager(scene)
        self._files = qSlicerCoreIOManager(scene)

    def end(self) -> None:
        """Close the windows and forget the session."""
        for widget in self.topLevelWidgets():
            widget.close()
            widget.deleteLater()
        self.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)
        self._layouts.forget()
        self._scene = self._settings = self.modules = self._layouts = self._files = None

    def _setTemporary(self, path: str) -> None:
        self._temporary = path

    temporaryPath = Property(str, lambda self: self._temporary, _setTemporary)
    slicerHome = Property(str, lambda self: tempfile.gettempdir())
    majorVersion = Property(int, lambda self: 5)
    minorVersion = Property(int, lambda self: 13)

    @Slot(result=bool)
    def testingEnabled(self) -> bool:
        # In testing mode Slicer shows no message boxes, so that a test could not see them.
        return False

    @Slot(result=object)
    def mrmlScene(self):
        return self._scene

    @Slot(result=object)
    def applicationLogic(self):
        return slicer.modules.volumes.logic().GetMRMLApplicationLogic()

    @Slot(result=object)
    def moduleManager(self):
        return self.modules

    @Slot(result=object)
    def layoutManager(self):
        return self._layouts

    @Slot(result=object)
    def coreIOManager(self):
        return self._files

    @Slot(result=object)
    def userSettings(self):
        return self._settings

    @Slot(result=object)
    def settings(self):
        return self._settings

    @Slot(result=object)
    def startupEnvironment(self):
        return QtCore.QProcessEnvironment.systemEnvironment()

    @Slot()
    def pauseRender(self) -> None:
        """Nothing is rendered here."""

    @Slot()
    def resumeRender(self) -> None:
        """Nothing is rendered here."""


def application() -> qSlicerApplication:
    """The application of this process."""
    existing = QtCore.QCoreApplication.instance()
    if existing is None:
        existing = qSlicerApplication()
    assert isinstance(existing, qSlicerApplication), "another QApplication is already there"
    return existing


def mainWindow() -> QtWidgets.QMainWindow:
    """A window under the name of Slicer's, as wide as its module panel."""
    window = QtWidgets.QMainWindow()
    window.setObjectName("qSlicerMainWindow")
    window.setWindowTitle("Slicer")
    window.setCentralWidget(ModuleDock())
    window.resize(500, 900)
    window.show()
    return window


def _useFontOfMatplotlibWhereThereIsNone() -> None:
    if not QtGui.QFontDatabase.families():
        import matplotlib

        fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        QtGui.QFontDatabase.addApplicationFont(str(fonts / "DejaVuSans.ttf"))
        QtWidgets.QApplication.setFont(QtGui.QFont("DejaVu Sans", 9))
