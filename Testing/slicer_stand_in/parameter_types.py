"""How the parameters of a parameter node wrapper are written into vtkMRMLScriptedModuleNode."""

from __future__ import annotations

import enum
import pathlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import slicer


@dataclass(frozen=True)
class ParameterType:
    """One type's default value, test, and texts."""

    kind: type | tuple[type, ...]
    default: Any
    write: Callable[[Any], str]
    read: Callable[[str], Any]
    mayBeNone: bool = False

    def check(self, value) -> None:
        """Raise as Slicer does for None and for a value of another type."""
        if value is None:
            if self.mayBeNone:
                return
            raise ValueError("Value must not be None")
        if not isinstance(value, self.kind):
            raise TypeError(f"Value must be of type '{self.kind}', is type '{type(value)}'")


_PATHS = (pathlib.Path, pathlib.PurePath, pathlib.PurePosixPath, pathlib.PureWindowsPath)


def parameterType(kind: type) -> ParameterType:
    """The way of a type. Raises TypeError for those that the stand-in leaves out."""
    if kind is bool:
        return ParameterType(
            bool, False, lambda value: str(bool(value)), lambda text: text == "True"
        )
    if kind is int:
        return ParameterType(int, 0, str, int)
    if kind is float:
        return ParameterType((int, float), 0, str, float)
    if kind is str:
        return ParameterType(str, "", str, str)
    if kind in _PATHS:
        return ParameterType(kind, kind(), str, kind)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return ParameterType(kind, next(iter(kind)), lambda value: value.name, kind.__getitem__)
    if isNodeType(kind):
        return ParameterType(kind, None, lambda value: "", lambda text: None, mayBeNone=True)
    raise TypeError(f"Unable to create serializer for type: {kind}")


def isNodeType(kind) -> bool:
    return isinstance(kind, type) and issubclass(kind, slicer.vtkMRMLNode)


def writeParameter(node, name: str, kind: type, value) -> None:
    """Store a value: a node as a reference of its role, anything else as text."""
    node.SetParameter(name, parameterType(kind).write(value))
    if isNodeType(kind):
        node.SetNodeReferenceID(name, value.GetID() if value is not None else None)


def readParameter(node, name: str, kind: type):
    if isNodeType(kind):
        return node.GetNodeReference(name)
    return parameterType(kind).read(node.GetParameter(name))
