"""Which names Slicer offers of a class of Qt, CTK or Slicer.

names.json has what PySide6 knows and PythonQt on Qt 5.15 does not; collect_names.py writes it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import shiboken6
from PySide6 import QtCore

_REFUSED: dict[str, frozenset[str]] = {
    name: frozenset(refused)
    for name, refused in json.loads(
        Path(__file__).with_name("names.json").read_text(encoding="utf-8")
    ).items()
}
_declaredOfClass: dict[type, frozenset[str]] = {}


def isOfferedClass(name: str) -> bool:
    """Whether a class of Qt has been looked up in PythonQt."""
    return name in _REFUSED


@cache
def isRefused(qtClass: type, name: str) -> bool:
    """Whether a name, of whatever kind, came with Qt 6 or is PySide6's own."""
    return any(name in _REFUSED.get(parent.__name__, ()) for parent in qtClass.__mro__)


def isOffered(qtObject, name: str) -> bool:
    """Whether a method is a slot or invokable of an object, or public in the Qt class below it.

    Classes of CTK and Slicer are written in Python here; of them PythonQt shows only what Qt's meta
    object system knows.
    """
    if name.startswith("_") or isRefused(type(qtObject), name):
        return False
    if isinstance(qtObject, QtCore.QObject) and name in _declared(qtObject):
        return True
    return isOfferedByClass(_ownedByQt(type(qtObject)), name)


def isOfferedByClass(qtClass: type, name: str) -> bool:
    """Whether a class has a method that is called without an object of it, or on one."""
    if isRefused(qtClass, name) or not callable(getattr(qtClass, name, None)):
        return False
    owner = next((parent for parent in qtClass.__mro__ if name in vars(parent)), object)
    return owner.__name__ in _REFUSED or isWrittenHere(owner)


def isWrittenHere(qtClass: type) -> bool:
    """Whether a class stands in for one that PySide6 does not have."""
    return not qtClass.__module__.startswith("PySide6") and issubclass(qtClass, shiboken6.Object)


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
