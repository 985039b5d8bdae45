"""Which methods Slicer offers of a class of Qt, CTK or Slicer."""

from __future__ import annotations

import shiboken6
from PySide6 import QtCore

# What PySide6 adds to QObject.
_PYSIDE_ONLY = {"connect", "disconnect", "emit", "receivers", "sender", "tr", "findChild"}


def isOffered(qtObject, name: str) -> bool:
    """Whether a method is a slot or invokable of an object, or public in the Qt class below it.

    Classes of CTK and Slicer are written in Python here; of them PythonQt shows only what Qt's meta
    object system knows.
    """
    if name.startswith("_") or name in _PYSIDE_ONLY:
        return False
    if isinstance(qtObject, QtCore.QObject) and name in _declared(qtObject):
        return True
    return isOfferedByClass(_ownedByQt(type(qtObject)), name)


def isOfferedByClass(qtClass: type, name: str) -> bool:
    """Whether a class of Qt has a method."""
    return callable(getattr(qtClass, name, None))


_declaredOfClass: dict[type, frozenset[str]] = {}


def _declared(qtObject: QtCore.QObject) -> frozenset[str]:
    """Names of the slots and invokables of an object."""
    qtClass = type(qtObject)
    if qtClass not in _declaredOfClass:
        meta = qtObject.metaObject()
        methods = [meta.method(index) for index in range(meta.methodCount())]
        names = (bytes(method.name().data()).decode() for method in methods)
        _declaredOfClass[qtClass] = frozenset(names)
    return _declaredOfClass[qtClass]


def _ownedByQt(qtClass: type) -> type:
    return next(parent for parent in qtClass.__mro__ if not isWrittenHere(parent))


def isWrittenHere(qtClass: type) -> bool:
    """Whether a class stands in for one that PySide6 does not have."""
    return not qtClass.__module__.startswith("PySide6") and issubclass(qtClass, shiboken6.Object)
