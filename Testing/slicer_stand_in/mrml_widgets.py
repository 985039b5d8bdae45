"""The widgets of Slicer that hold a scene, without the views that they would draw into."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from PySide6 import QtWidgets
from PySide6.QtCore import Property, Signal, Slot


class qMRMLWidget(QtWidgets.QWidget):
    """A widget that knows the scene and tells those in it, through connections of the .ui file."""

    mrmlSceneChanged = Signal(object)
    signatures: ClassVar[dict[str, str]] = {
        "mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged(PyObject)",
        "setMRMLScene(vtkMRMLScene*)": "setMRMLScene(PyObject)",
    }

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = None

    @Slot(result=object)
    def mrmlScene(self):
        return self._scene

    @Slot(object)
    def setMRMLScene(self, scene) -> None:
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)


class qSlicerWidget(QtWidgets.QWidget):
    """The older name of the same; the template for modules still uses it."""

    mrmlSceneChanged = Signal(object)
    signatures: ClassVar[dict[str, str]] = qMRMLWidget.signatures

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = None

    @Slot(object)
    def setMRMLScene(self, scene) -> None:
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)


class qSlicerScriptedLoadableModuleWidget(qSlicerWidget):
    """What a scripted module's panel is in: knows whether the module is open."""

    def __init__(self, moduleName: str, make: Callable[[], object]) -> None:
        """`make` builds the Python widget of the module; `reload` calls it."""
        super().__init__()
        QtWidgets.QVBoxLayout(self)
        self._moduleName = moduleName
        self._make = make
        self._entered = False
        self._python = None

    moduleName = Property(str, lambda self: self._moduleName)
    isEntered = Property(bool, lambda self: self._entered)

    @Slot(result=object)
    def self(self):
        return self._python

    @Slot()
    def reload(self) -> None:
        """Build the Python widget, the first time or anew."""
        self._python = self._make()
        self._python.setup()

    @Slot()
    def enter(self) -> None:
        self._entered = True
        self._python.enter()

    @Slot()
    def exit(self) -> None:
        self._entered = False
        self._python.exit()
