"""Signals as PythonQt connects them: by signature, with as many arguments as the slot takes.

Checked in PythonQt's PythonQtSignalReceiver.cpp and PythonQtStdDecorators.cpp.
"""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import shiboken6
from PySide6 import QtCore

from .offered import isRefused

_SIGNAL = QtCore.QMetaMethod.MethodType.Signal
_SLOT = QtCore.QMetaMethod.MethodType.Slot


@dataclass(eq=False)
class _Connection:
    signature: str
    slot: Callable
    qtConnection: QtCore.QMetaObject.Connection


_connections: dict[int, list[_Connection]] = {}
_signaturesOf: dict[tuple[type, QtCore.QMetaMethod.MethodType], list[str]] = {}

# What went wrong in slots. Slicer prints it and goes on; here a test must look at it.
errors: list[BaseException] = []


def firstSignature(qtObject: QtCore.QObject, name: str) -> str | None:
    """Signature of the signal of a name, of the first one when there are several."""
    if isRefused(type(qtObject), name):
        return None
    every = _signatures(qtObject, _SIGNAL)
    return next((each for each in every if each.partition("(")[0] == name), None)


def hasSlot(qtObject: QtCore.QObject, signature: str) -> bool:
    """Whether an object has a slot of a normalised signature."""
    return signature in _signatures(qtObject, _SLOT)


def normalised(signature: str) -> str:
    """A signature as Qt's meta objects write it."""
    return bytes(QtCore.QMetaObject.normalizedSignature(signature).data()).decode()


def connectSignal(
    qtObject: QtCore.QObject, signal: str, slot: Callable, convert: Callable[[Any], Any]
) -> None:
    """Connect a callable to a signal; `convert` makes its arguments what Python code sees.

    Raises ValueError where PythonQt prints that there is no such signal, or when `slot` cannot be
    called.
    """
    if not callable(slot):
        raise ValueError(f"connect('{signal}'): {slot!r} cannot be called")
    signature = _known(qtObject, signal)
    declared = _aliases(qtObject).get(signature, signature)
    connection = QtCore.QObject.connect(
        qtObject, QtCore.SIGNAL(declared), partial(_receive, slot, convert)
    )
    pointer = shiboken6.getCppPointer(qtObject)[0]
    if pointer not in _connections:
        _connections[pointer] = []
        qtObject.destroyed.connect(lambda *unused: _connections.pop(pointer, None))
    _connections[pointer].append(_Connection(signature, slot, connection))


def disconnectSignal(qtObject: QtCore.QObject, signal: str, slot: Callable | None = None) -> bool:
    """Disconnect a slot once, or all slots; return whether there was something to disconnect."""
    signature = _known(qtObject, signal)
    held = _connections.get(shiboken6.getCppPointer(qtObject)[0], [])
    found = [each for each in held if each.signature == signature]
    if slot is not None:
        found = [each for each in found if each.slot == slot][:1]
    for each in found:
        QtCore.QObject.disconnect(each.qtConnection)
        held.remove(each)
    return bool(found)


def call(slot: Callable, *arguments) -> None:
    """Call a slot; what it raises is printed and kept, for there is nobody to catch it."""
    try:
        slot(*arguments)
    except Exception as error:
        errors.append(error)
        traceback.print_exc(file=sys.stderr)


def forgetConnections() -> None:
    """Undo all connections; for the end of a test."""
    for held in _connections.values():
        for each in held:
            QtCore.QObject.disconnect(each.qtConnection)
    _connections.clear()


def _aliases(qtObject: QtCore.QObject) -> dict[str, str]:
    """Signatures with types of VTK, which PySide6 knows as PyObject only."""
    return getattr(type(qtObject), "signatures", {})


def _signatures(qtObject: QtCore.QObject, kind: QtCore.QMetaMethod.MethodType) -> list[str]:
    """Signatures of all signals, or slots, of an object as Slicer has them."""
    key = (type(qtObject), kind)
    if key not in _signaturesOf:
        meta = qtObject.metaObject()
        real = {declared: signature for signature, declared in _aliases(qtObject).items()}
        methods = [meta.method(index) for index in range(meta.methodCount())]
        found = [
            bytes(method.methodSignature().data()).decode()
            for method in methods
            if method.methodType() == kind
        ]
        _signaturesOf[key] = [real.get(declared, declared) for declared in found]
    return _signaturesOf[key]


def _known(qtObject: QtCore.QObject, signal: str) -> str:
    signature = normalised(signal)
    refused = isRefused(type(qtObject), signature.partition("(")[0])
    if refused or signature not in _signatures(qtObject, _SIGNAL):
        raise ValueError(f"PythonQt: signal '{signal}' does not exist on {type(qtObject).__name__}")
    return signature


def _receive(slot: Callable, convert: Callable[[Any], Any], *arguments) -> None:
    values = arguments[: _argumentCount(slot)]
    call(slot, *(convert(value) for value in values))


def _argumentCount(slot: Callable) -> int | None:
    """How many arguments PythonQt passes at most; None for all.

    It looks at functions and bound methods only, and counts parameters with defaults as well.
    """
    function = slot.__func__ if inspect.ismethod(slot) else slot
    if not inspect.isfunction(function) or function.__code__.co_flags & inspect.CO_VARARGS:
        return None
    return function.__code__.co_argcount - inspect.ismethod(slot)
