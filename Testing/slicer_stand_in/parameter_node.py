"""slicer.parameterNodeWrapper: typed attributes over a vtkMRMLScriptedModuleNode, bound to widgets.

As in Slicer a value is kept until the node says that it is modified, and only then read anew.
"""

from __future__ import annotations

import typing
import weakref
from collections.abc import Callable
from typing import Annotated, Any

import slicer.util
import vtk

from .gui_connectors import Connector, connector
from .parameter_types import parameterType, readParameter, writeParameter
from .validators import VALIDATORS, Choice, Default, Maximum, Minimum, WithinRange
from .wrapping import isWidget

__all__ = [
    "Choice",
    "Default",
    "Maximum",
    "Minimum",
    "SlicerParameterNamePropertyName",
    "WithinRange",
    "isParameterNodeWrapper",
    "parameterNodeWrapper",
]

SlicerParameterNamePropertyName = "SlicerParameterName"


class _Parameter:
    """Name, type, limits and default of one parameter."""

    def __init__(self, owner: type, name: str, annotated) -> None:
        self.name = name
        self.annotated = annotated
        self.kind, *annotations = typing.get_args(Annotated[annotated, None])[:-1]
        self.annotations = tuple(annotations)
        self.type = parameterType(self.kind)
        stated = next((each for each in annotations if isinstance(each, Default)), None)
        self.default = self.type.default if stated is None else stated.value
        self.default = getattr(owner, name, self.default)

    def check(self, value) -> None:
        self.type.check(value)
        for each in self.annotations:
            if isinstance(each, VALIDATORS):
                each.validate(value)


class _Wrapped:
    """What every parameter node wrapper can do."""

    allParameters: dict[str, _Parameter]
    _is_parameter_node_wrapper = True

    def __init__(self, parameterNode, prefix: str | None = None) -> None:
        self.parameterNode = parameterNode
        self._prefix = prefix or ""
        self._connectors: dict[int, dict[str, Connector]] = {}
        self._guiObservers: dict[int, int] = {}
        self._nextTag = 0
        self._updatingGUI = False
        self._writing: set[str] = set()
        self._values: dict[str, Any] = {}
        for name, parameter in self.allParameters.items():
            if not parameterNode.HasParameter(self._prefix + name):
                self._store(parameter, parameter.default)
            self._values[name] = self._stored(parameter)
        this = weakref.ref(self)
        # One a parameter, as in Slicer: VTK tells the first observer of all last.
        self._observers = [
            parameterNode.AddObserver(
                vtk.vtkCommand.ModifiedEvent, lambda caller, event, name=name: this()._reread(name)
            )
            for name in self.allParameters
        ]

    def __del__(self) -> None:
        for observer in self.__dict__.get("_observers", ()):
            self.parameterNode.RemoveObserver(observer)

    def _stored(self, parameter: _Parameter):
        return readParameter(self.parameterNode, self._prefix + parameter.name, parameter.kind)

    def _store(self, parameter: _Parameter, value) -> None:
        parameter.check(value)
        writeParameter(self.parameterNode, self._prefix + parameter.name, parameter.kind, value)

    def _reread(self, name: str) -> None:
        if name not in self._writing:
            self._values[name] = self._stored(self.allParameters[name])

    # Values

    def getValue(self, name: str):
        self._parameter(name)
        return self._values[name]

    def setValue(self, name: str, value) -> None:
        parameter = self._parameter(name)
        self._writing.add(name)
        try:
            with slicer.util.NodeModify(self.parameterNode):
                self._store(parameter, value)
                self._values[name] = self._stored(parameter)
        finally:
            self._writing.discard(name)

    def default(self, name: str) -> Default:
        return Default(self._parameter(name).default)

    @classmethod
    def dataType(cls, name: str):
        return cls._parameter(name).annotated

    @classmethod
    def _parameter(cls, name: str) -> _Parameter:
        if name not in cls.allParameters:
            raise ValueError(f"Cannot find a param with the given name: {name}")
        return cls.allParameters[name]

    # Widgets

    def connectGui(self, gui) -> int:
        """Bind every widget that has a SlicerParameterName; returns the tag for disconnectGui."""
        import qt

        widgets = gui.findChildren(qt.QWidget) if isWidget(gui) else gui.__dict__.values()
        names = {each: each.property(SlicerParameterNamePropertyName) for each in widgets}
        return self.connectParametersToGui({name: each for each, name in names.items() if name})

    def connectParametersToGui(self, mapping: dict[str, Any]) -> int:
        connectors = {}
        for name, widget in mapping.items():
            parameter = self._parameter(name)
            connectors[name] = connector(widget, parameter.kind, parameter.annotations)
        tag = self._nextTag
        self._nextTag += 1
        self._connectors[tag] = connectors
        for name, each in connectors.items():
            each.write(self.getValue(name))
            each.onChanged(self._fromGui(name, each))
        self._guiObservers[tag] = self.AddObserver(
            vtk.vtkCommand.ModifiedEvent, lambda caller, event: self._toGui()
        )
        return tag

    def disconnectGui(self, guiTag: int) -> None:
        for each in self._connectors.pop(guiTag, {}).values():
            each.onChanged(None)
        if guiTag in self._guiObservers:
            self.RemoveObserver(self._guiObservers.pop(guiTag))

    def _fromGui(self, name: str, each: Connector) -> Callable[[], None]:
        def store() -> None:
            with slicer.util.NodeModify(self):
                if not self._updatingGUI:
                    self.setValue(name, each.read())

        return store

    def _toGui(self) -> None:
        if self._updatingGUI:
            return
        self._updatingGUI = True
        try:
            with slicer.util.NodeModify(self):
                for connectors in list(self._connectors.values()):
                    for name, each in connectors.items():
                        each.write(self.getValue(name))
        finally:
            self._updatingGUI = False

    # What the node itself can do

    def StartModify(self):
        return self.parameterNode.StartModify()

    def EndModify(self, wasModified):
        return self.parameterNode.EndModify(wasModified)

    def AddObserver(self, event, callback, priority: float = 0.0) -> int:
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag: int) -> None:
        self.parameterNode.RemoveObserver(tag)

    def Modified(self) -> None:
        self.parameterNode.Modified()


def _attribute(name: str) -> property:
    return property(
        lambda self: self.getValue(name), lambda self, value: self.setValue(name, value)
    )


def parameterNodeWrapper(classtype=None):
    """Give a class with annotated names its parameters. Also used as `@parameterNodeWrapper()`."""
    if classtype is None:
        return parameterNodeWrapper
    hints = typing.get_type_hints(classtype, include_extras=True)
    parameters = {name: _Parameter(classtype, name, kind) for name, kind in hints.items()}
    for name in vars(_Wrapped):
        if not name.startswith("__") and (name in parameters or name in vars(classtype)):
            raise ValueError(f"Cannot use reserved name '{name}' in a parameterNodeWrapper")
    for name in ("allParameters", *(each for each in vars(_Wrapped) if each not in _KEPT)):
        setattr(classtype, name, parameters if name == "allParameters" else vars(_Wrapped)[name])
    for name in parameters:
        setattr(classtype, name, _attribute(name))
    return classtype


_KEPT = {"__module__", "__dict__", "__weakref__", "__doc__", "__annotations__", "allParameters"}


def isParameterNodeWrapper(classOrObj) -> bool:
    return getattr(classOrObj, "_is_parameter_node_wrapper", False)
