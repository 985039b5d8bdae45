"""A session of Slicer for the length of one test: modules, scene and application put in place."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import slicer
import slicer.util
import vtk
from PySide6 import QtCore

from PartialSegLib.scene.headless import headlessScene

from . import i18n, parameter_node, scripted_module
from .application import application, mainWindow
from .dialogs import dialogs
from .module_object import qSlicerScriptedLoadableModule
from .modules import MRML_CLASSES, ctkModule, qtModule
from .mrml_widgets import qSlicerScriptedLoadableModuleWidget
from .packages import packages, packagingModule, version
from .sample_data import sampleDataModule
from .signals import errors, forgetConnections
from .single_shot import forgetTimers
from .wrapping import wrap, wrapperClass

# What Reload loads anew.
_PACKAGES = ("PartialSeg", "PartialSegLib", "partialseg_trainer")


class Session:
    """What a test can do that a person would do outside the panel."""

    def __init__(self, scene, window) -> None:
        self.scene = scene
        self.window = window
        self.dialogs = dialogs
        self.packages = packages

    def show(self, widget) -> None:
        """Put a widget where Slicer shows the panel of a module."""
        self.window.centralWidget().setWidget(getattr(widget, "qtObject", widget))
        application().processEvents()

    def openModule(self, path: Path):
        """Load a scripted module and open it; returns its widget, an instance of its class."""
        name = path.stem
        module = qSlicerScriptedLoadableModule(name, str(path))
        source = importlib.import_module(name)
        getattr(source, name)(wrap(module))
        setattr(slicer.modules, name.lower(), wrap(module))
        application().modules.known[name] = module
        application().startupCompleted.emit()

        def makeWidget():
            # By name, for Reload puts another module there.
            widget = getattr(sys.modules[name], f"{name}Widget")(wrap(place))
            setattr(slicer.modules, f"{name}Widget", widget)
            return widget

        place = qSlicerScriptedLoadableModuleWidget(name, makeWidget)
        module.representation = place
        place.reload()
        self.show(place)
        place.enter()
        return place.self()

    def leaveModule(self, name: str) -> None:
        """Go to another module."""
        application().modules.known[name].representation.exit()

    def enterModule(self, name: str) -> None:
        """Come back."""
        application().modules.known[name].representation.enter()

    def unloadModule(self, name: str) -> None:
        """Unload a module, as Slicer does when it quits."""
        del application().modules.known[name]
        application().modules.moduleAboutToBeUnloaded.emit(name)


@contextmanager
def session(folder: Path) -> Iterator[Session]:
    """Be Slicer, with its settings and temporary files in `folder`."""
    _forgetPanel()
    errors.clear()
    before = _loaded()
    app = application()
    with headlessScene() as scene:
        replaced = _Replaced()
        app.begin(scene, folder)
        _putInPlace(replaced, scene, wrap(app))
        running = Session(scene, mainWindow())
        try:
            yield running
        finally:
            for name in list(app.modules.known):
                running.unloadModule(name)
            forgetTimers()
            forgetConnections()
            app.end()
            dialogs.forget()
            packages.forget()
            replaced.restore()
    _forgetPanel()
    if any(sys.modules.get(name) is not module for name, module in before.items()):
        # The module was reloaded: other tests hold classes of the modules from before.
        for name in _loaded():
            del sys.modules[name]
        sys.modules.update(before)


def _loaded() -> dict[str, types.ModuleType]:
    return {
        name: module for name, module in sys.modules.items() if name.partition(".")[0] in _PACKAGES
    }


def _forgetPanel() -> None:
    """Let the next session load the module and its panel anew, for they hold classes of Qt."""
    for name in _loaded():
        if name == "PartialSeg" or name.startswith("PartialSegLib.panel"):
            del sys.modules[name]


class _Replaced:
    """Attributes and modules that were set, and what was there before."""

    _NOTHING = object()

    def __init__(self) -> None:
        self._before: list[tuple[object, str, object]] = []

    def set(self, owner, name: str, value) -> None:
        self._before.append((owner, name, getattr(owner, name, self._NOTHING)))
        setattr(owner, name, value)

    def module(self, module: types.ModuleType) -> None:
        self._before.append((None, module.__name__, sys.modules.get(module.__name__)))
        sys.modules[module.__name__] = module

    def restore(self) -> None:
        for owner, name, value in reversed(self._before):
            if owner is None and value is None:
                del sys.modules[name]
            elif owner is None:
                sys.modules[name] = value
            elif value is self._NOTHING:
                delattr(owner, name)
            else:
                setattr(owner, name, value)


def _putInPlace(replaced: _Replaced, scene, app) -> None:
    for name, source in (
        ("i18n", i18n),
        ("ScriptedLoadableModule", scripted_module),
        ("parameterNodeWrapper", parameter_node),
    ):
        module = types.ModuleType(f"slicer.{name}")
        module.__dict__.update(
            {key: value for key, value in vars(source).items() if not key.startswith("__")}
        )
        replaced.module(module)
        replaced.set(slicer, name, module)
    packaging = packagingModule()
    replaced.module(packaging)
    replaced.set(slicer, "packaging", packaging)
    replaced.set(importlib.metadata, "version", version)
    replaced.module(qtModule())
    replaced.module(ctkModule())
    replaced.module(sampleDataModule())
    replaced.set(slicer, "app", app)
    for kind in MRML_CLASSES:
        replaced.set(slicer, kind.__name__, wrapperClass(kind))
    _addLogics(scene)
    _removeDisplayNodesWithTheirNode(scene)


def _removeDisplayNodesWithTheirNode(scene) -> None:
    """Let a display node go with the node that it shows, as it does in the application."""

    left = []

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def aboutToBeRemoved(caller, event, node) -> None:
        if node.IsA("vtkMRMLDisplayableNode") and not caller.IsClosing():
            left.extend(map(node.GetNthDisplayNode, range(node.GetNumberOfDisplayNodes())))

    def removed(caller, event) -> None:
        while left:
            display = left.pop()
            if display is not None and caller.IsNodePresent(display):
                caller.RemoveNode(display)

    def removeNode(node) -> None:
        if not scene.IsNodePresent(node):
            raise ValueError(f"{node.GetName()} is not in the scene; Slicer prints an error.")
        type(scene).RemoveNode(scene, node)

    scene.RemoveNode = removeNode
    scene.AddObserver(scene.NodeAboutToBeRemovedEvent, aboutToBeRemoved)
    scene.AddObserver(scene.NodeRemovedEvent, removed)


def _addLogics(scene) -> None:
    """The logics of more modules than the library needs without an application."""
    applicationLogic = slicer.modules.volumes.logic().GetMRMLApplicationLogic()
    for name, logic in (
        ("plots", slicer.vtkSlicerPlotsLogic()),
        ("tables", slicer.vtkSlicerTablesLogic()),
        ("subjecthierarchy", slicer.vtkSlicerSubjectHierarchyModuleLogic()),
        ("colors", applicationLogic.GetColorLogic()),
    ):
        if name != "colors":
            logic.SetMRMLApplicationLogic(applicationLogic)
            logic.SetMRMLScene(scene)
        setattr(slicer.modules, name, SimpleNamespace(logic=lambda logic=logic: logic))


def settle(milliseconds: int = 10) -> None:
    """Let the event loop work."""
    QtCore.QCoreApplication.processEvents(
        QtCore.QEventLoop.ProcessEventsFlag.AllEvents, milliseconds
    )
