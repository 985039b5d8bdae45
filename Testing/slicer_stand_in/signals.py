"""Signals as PythonQt connects them: by signature, with as many arguments as the slot takes."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import shiboken6
from PySide6 import QtCore

from .offered import isRefused


@dataclass(eq=False)
class _Connection:
    signature: str
    slot: Callable
    qtConnection: QtCore.QMetaObject.Connection


_connections: dict[int, list[_Connection]] = {}

# What went wrong in slots. Slicer prints it and goes on; here a test must look at it.
errors: list[BaseException] = []


class BoundSignal:
    """A signal as an attribute: widget.clicked.connect(slot)."""

    def __init__(self, wrapper, signature: str) -> None:
        self._wrapper = wrapper
        self._signature = signature

    def connect(self, slot: Callable) -> bool:
        return connectSignal(self._wrapper, self._signature, slot)

    def disconnect(self, *slot: Callable) -> bool:
        return disconnectSignal(self._wrapper, self._signature, *slot)

    def emit(self, *arguments) -> None:
        from .wrapping import unwrap

        name, _, types = self._signature.partition("(")
        signal = getattr(self._wrapper.qtObject, name)
        declared = aliases(self._wrapper.qtObject).get(self._signature, self._signature)
        del types
        _emitter(signal, declared)(*(unwrap(argument) for argument in arguments))

    __call__ = emit


def _emitter(signal, signature: str) -> Callable:
    """The overload of a PySide6 signal that has a signature."""
    types = signature.partition("(")[2].rstrip(")")
    try:
        return signal[types].emit
    except (KeyError, IndexError, TypeError):
        return signal.emit


def aliases(qtObject: QtCore.QObject) -> dict[str, str]:
    """Signatures with types of VTK, which PySide6 knows as PyObject only."""
    return getattr(type(qtObject), "signatures", {})


def signatures(qtObject: QtCore.QObject, kinds) -> list[str]:
    """Signatures of all signals, or slots, of an object as Slicer has them; the first of a name
    is the one that counts when only the name is given."""
    meta = qtObject.metaObject()
    known = {declared: real for real, declared in aliases(qtObject).items()}
    found = []
    for index in range(meta.methodCount()):
        method = meta.method(index)
        if method.methodType() in kinds:
            declared = bytes(method.methodSignature().data()).decode()
            found.append(known.get(declared, declared))
    return found


def _signals(qtObject: QtCore.QObject) -> list[str]:
    return signatures(qtObject, (QtCore.QMetaMethod.MethodType.Signal,))


def firstSignature(qtObject: QtCore.QObject, name: str) -> str | None:
    """Signature of the signal of a name, of the first one when there are several."""
    if isRefused(type(qtObject), name):
        return None
    return next((each for each in _signals(qtObject) if each.partition("(")[0] == name), None)


def connectSignal(wrapper, signal: str, *receiver) -> bool:
    """Connect a callable, or another object's slot.

    Raises ValueError where Slicer prints that there is no such signal or slot.
    """
    slot = receiver[0] if len(receiver) == 1 else _slotOf(*receiver)
    if not callable(slot):
        raise ValueError(f"connect('{signal}'): {slot!r} cannot be called")
    qtObject, signature = _resolve(wrapper, signal)
    declared = aliases(qtObject).get(signature, signature)
    connection = QtCore.QObject.connect(qtObject, QtCore.SIGNAL(declared), partial(_receive, slot))
    pointer = shiboken6.getCppPointer(qtObject)[0]
    if pointer not in _connections:
        _connections[pointer] = []
        qtObject.destroyed.connect(partial(_forget, pointer))
    _connections[pointer].append(_Connection(signature, slot, connection))
    return True


def disconnectSignal(wrapper, signal: str, *receiver) -> bool:
    """Disconnect a slot, or all slots; return whether there was something to disconnect."""
    qtObject, signature = _resolve(wrapper, signal)
    slots = [receiver[0] if len(receiver) == 1 else _slotOf(*receiver)] if receiver else None
    held = _connections.get(shiboken6.getCppPointer(qtObject)[0], [])
    found = [each for each in held if each.signature == signature]
    if slots is not None:
        found = [each for each in found if each.slot in slots][:1]
    for each in found:
        QtCore.QObject.disconnect(each.qtConnection)
        held.remove(each)
    return bool(found)


def forgetConnections() -> None:
    """Undo all connections and forget the errors; for the end of a test."""
    for held in _connections.values():
        for each in held:
            QtCore.QObject.disconnect(each.qtConnection)
    _connections.clear()
    errors.clear()


def _forget(pointer: int, *_unused) -> None:
    _connections.pop(pointer, None)


def _resolve(wrapper, signal: str) -> tuple[QtCore.QObject, str]:
    qtObject = wrapper.qtObject
    if not wrapper:
        raise ValueError(f"connect('{signal}') on a destroyed {type(wrapper).__name__} object")
    signature = bytes(QtCore.QMetaObject.normalizedSignature(signal).data()).decode()
    name = signature.partition("(")[0]
    if signature not in _signals(qtObject) or isRefused(type(qtObject), name):
        raise ValueError(
            f"PythonQt: QObject::connect() signal '{signal}' does not exist on "
            f"{type(wrapper).__name__}"
        )
    return qtObject, signature


class _Slot:
    """A slot of a Qt object; equal to another one of the same object and signature."""

    def __init__(self, receiver, signature: str) -> None:
        self._key = (receiver, signature)
        self._method = getattr(receiver, signature.partition("(")[0])
        self._count = len([kind for kind in signature.partition("(")[2][:-1].split(",") if kind])

    def __call__(self, *arguments):
        return self._method(*arguments[: self._count])

    def __eq__(self, other) -> bool:
        return isinstance(other, _Slot) and other._key == self._key

    __hash__ = None


def _slotOf(receiver, slot: str) -> _Slot:
    signature = bytes(QtCore.QMetaObject.normalizedSignature(slot).data()).decode()
    kinds = (QtCore.QMetaMethod.MethodType.Slot,)
    if signature not in signatures(receiver.qtObject, kinds):
        raise ValueError(f"slot '{slot}' does not exist on {type(receiver).__name__}")
    return _Slot(receiver, signature)


def _receive(slot: Callable, *arguments) -> None:
    from .wrapping import wrap

    count = _argumentCount(slot)
    values = [wrap(argument) for argument in arguments]
    try:
        slot(*values[:count])
    except Exception as error:
        errors.append(error)
        traceback.print_exc(file=sys.stderr)


def _argumentCount(slot: Callable) -> int | None:
    """How many arguments PythonQt passes at most; None for all.

    It looks at functions and bound methods only, and counts parameters with defaults as well.
    """
    function = slot.__func__ if inspect.ismethod(slot) else slot
    if not inspect.isfunction(function) or function.__code__.co_flags & inspect.CO_VARARGS:
        return None
    return function.__code__.co_argcount - inspect.ismethod(slot)
