"""Qt objects as PythonQt shows them: properties as attributes, everything else as methods.

What is checked in PythonQt's sources (MeVisLab/pythonqt, src/): the order in which a name is looked
up, which writes are refused, tuples for lists, equality, that classes do not inherit from each
other, and what a destroyed object says.
"""

from __future__ import annotations

import enum
import os
import types
import weakref
from collections.abc import Callable
from typing import Any

import shiboken6
from PySide6 import QtCore, QtWidgets

from .enums import EnumValue, enumerators
from .offered import isOffered, isOfferedByClass, isRefused
from .signals import connectSignal, disconnectSignal, firstSignature, hasSlot, normalised

_classes: dict[type, type] = {}
_wrappers: weakref.WeakValueDictionary[int, Wrapper] = weakref.WeakValueDictionary()

# (class, method) -> what is done instead, because the real one would wait for a person.
instead: dict[tuple[str, str], Callable[..., Any]] = {}


class WrapperClass(type):
    """The class of classes such as qt.QLabel: gives enumerators and static methods."""

    def __getattr__(cls, name: str):
        qtClass = cls.__dict__.get("qtClass")
        if qtClass is None or name.startswith("__"):
            raise AttributeError(name)
        replacement = _instead(qtClass, name)
        if replacement is not None:
            return replacement
        values = enumerators(qtClass)
        if name in values:
            return values[name]
        member = getattr(qtClass, name, None)
        if isOfferedByClass(qtClass, name) and _isStatic(qtClass, name):
            return _calling(member, f"{cls.__name__}.{name}")
        raise AttributeError(f"type object '{cls.__name__}' has no attribute '{name}'")


class Wrapper(metaclass=WrapperClass):
    """A Qt value or item: all that it has are methods."""

    __slots__ = ("__weakref__", "qtObject")

    def __init_subclass__(cls, **keywords) -> None:
        super().__init_subclass__(**keywords)
        if any("qtClass" in vars(parent) for parent in cls.__mro__[1:]):
            raise TypeError("The stand-in does not let Python classes derive from Qt classes.")

    def __init__(self, *arguments) -> None:
        object.__setattr__(self, "qtObject", None)
        try:
            made = self.qtClass(*(unwrap(argument) for argument in arguments))
        except (TypeError, NotImplementedError) as error:
            raise ValueError(f"{type(self).__name__}: {error}") from error
        object.__setattr__(self, "qtObject", made)
        _wrappers[id(made)] = self
        if isinstance(made, QtCore.QObject):
            weakref.finalize(self, _deleteOrphan, made).atexit = False

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        found = _method(self, name)
        if found is None:
            found = enumerators(self.qtClass).get(name)
        if found is None:
            raise AttributeError(f"{type(self).__name__} has no attribute named '{name}'")
        return found

    def __setattr__(self, name: str, value) -> None:
        raise AttributeError(
            f"'{name}' does not exist on {type(self).__name__} and creating new attributes on C++ "
            "objects is not allowed"
        )

    def __eq__(self, other) -> bool:
        if other is None:
            return not self
        if not isinstance(other, Wrapper):
            return NotImplemented
        if self.qtObject is other.qtObject:
            return True
        try:
            return bool(self.qtObject == other.qtObject)
        except NotImplementedError:
            return False

    def __hash__(self) -> int:
        return hash(shiboken6.getCppPointer(self.qtObject)[0])

    def __bool__(self) -> bool:
        return shiboken6.isValid(self.qtObject)

    def __repr__(self) -> str:
        return f"{type(self).__name__} (at: {id(self.qtObject):#x})"

    def className(self) -> str:
        return type(self).__name__


class ObjectWrapper(Wrapper):
    """A QObject: has properties and signals too."""

    __slots__ = ()

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        qtObject = _alive(self, name)
        prop = _property(qtObject, name)
        if prop is not None:
            return wrap(prop.read(qtObject))
        signature = firstSignature(qtObject, name)
        if signature is not None:
            return BoundSignal(self, signature)
        found = _method(self, name)
        if found is None:
            found = enumerators(self.qtClass).get(name)
        if found is None and name.encode() in map(bytes, qtObject.dynamicPropertyNames()):
            return wrap(qtObject.property(name))
        if found is None:
            raise AttributeError(f"{type(self).__name__} has no attribute named '{name}'")
        return found

    def __setattr__(self, name: str, value) -> None:
        qtObject = _alive(self, name)
        prop = _property(qtObject, name)
        if prop is not None:
            _write(self, prop, value)
        elif name.encode() in map(bytes, qtObject.dynamicPropertyNames()):
            qtObject.setProperty(name, unwrap(value))
        else:
            super().__setattr__(name, value)

    def connect(self, signal: str, *receiver) -> bool:
        """connect("clicked(bool)", callable) or connect("clicked(bool)", object, "slot(bool)")."""
        connectSignal(_alive(self, signal), signal, _slot(*receiver), wrap)
        return True

    def disconnect(self, signal: str, *receiver) -> bool:
        """Disconnect one slot, or all when none is given."""
        return disconnectSignal(
            _alive(self, signal), signal, _slot(*receiver) if receiver else None
        )

    def inherits(self, name: str) -> bool:
        return name in _ancestors(self.qtClass)

    def delete(self) -> None:
        shiboken6.delete(_alive(self, "delete"))

    def findChild(self, kind, name: str = ""):
        return next(iter(self.findChildren(kind, name)), None)

    def findChildren(self, kind, name: str = "") -> tuple:
        """All descendants of a class, given as such or by name, and of a name."""
        wanted = kind if isinstance(kind, str) else kind.qtClass.__name__
        found = _alive(self, "findChildren").findChildren(QtCore.QObject)
        return tuple(
            wrap(child)
            for child in found
            if wanted in _ancestors(type(child)) and name in ("", child.objectName())
        )


def _ancestors(qtClass: type) -> list[str]:
    return [parent.__name__ for parent in qtClass.__mro__]


class BoundSignal:
    """A signal as an attribute: widget.clicked.connect(slot)."""

    def __init__(self, wrapper: ObjectWrapper, signature: str) -> None:
        self._wrapper = wrapper
        self._signature = signature

    def connect(self, slot: Callable) -> bool:
        return self._wrapper.connect(self._signature, slot)

    def disconnect(self, *slot: Callable) -> bool:
        return self._wrapper.disconnect(self._signature, *slot)

    def emit(self, *arguments) -> None:
        signal = getattr(self._wrapper.qtObject, self._signature.partition("(")[0])
        signal.emit(*(unwrap(argument) for argument in arguments))

    __call__ = emit


class _QtSlot:
    """A slot of a Qt object; equal to another one of the same object and signature."""

    def __init__(self, receiver: ObjectWrapper, signature: str) -> None:
        self._key = (receiver, signature)
        self._method = getattr(receiver, signature.partition("(")[0])
        self._count = len([kind for kind in signature.partition("(")[2][:-1].split(",") if kind])

    def __call__(self, *arguments):
        return self._method(*arguments[: self._count])

    def __eq__(self, other) -> bool:
        return isinstance(other, _QtSlot) and other._key == self._key

    __hash__ = None


def _deleteOrphan(made: QtCore.QObject) -> None:
    """Delete an object with its wrapper, unless it has a parent: PySide6 keeps some longer."""
    if shiboken6.isValid(made) and made.parent() is None:
        shiboken6.delete(made)


def wrapperClass(qtClass: type) -> type:
    """The class that stands for a class of PySide6."""
    if qtClass not in _classes:
        isObject = issubclass(qtClass, QtCore.QObject)
        _classes[qtClass] = WrapperClass(
            qtClass.__name__,
            (ObjectWrapper if isObject else Wrapper,),
            {"__slots__": (), "qtClass": qtClass},
        )
    return _classes[qtClass]


def wrap(value):
    """What Python code sees of a value that comes from Qt."""
    if isinstance(value, enum.Enum):
        return EnumValue(value)
    if isinstance(value, (list, tuple)):
        return tuple(wrap(entry) for entry in value)
    if isinstance(value, dict):
        return {key: wrap(entry) for key, entry in value.items()}
    if not isinstance(value, shiboken6.Object):
        return value
    wrapper = _wrappers.get(id(value))
    if wrapper is None:
        kind = wrapperClass(type(value))
        wrapper = kind.__new__(kind)
        object.__setattr__(wrapper, "qtObject", value)
        _wrappers[id(value)] = wrapper
    return wrapper


def unwrap(value):
    """What Qt gets of a value that comes from Python code."""
    if isinstance(value, Wrapper):
        if not value:
            raise ValueError(f"{type(value).__name__} is destroyed")
        return value.qtObject
    if isinstance(value, EnumValue):
        return value.member
    if isinstance(value, (list, tuple)):
        return [unwrap(entry) for entry in value]
    if isinstance(value, dict):
        return {key: unwrap(entry) for key, entry in value.items()}
    if isinstance(value, os.PathLike):
        raise ValueError(f"{value!r} is no text for Qt; write str(path)")
    return value


def _isStatic(qtClass: type, name: str) -> bool:
    if isinstance(getattr(qtClass, name), types.BuiltinFunctionType):
        return True
    return isinstance(vars(qtClass).get(name), staticmethod)


def _slot(receiver, slot: str | None = None) -> Callable:
    if slot is None:
        return receiver
    signature = normalised(slot)
    if not hasSlot(receiver.qtObject, signature):
        raise ValueError(f"slot '{slot}' does not exist on {type(receiver).__name__}")
    return _QtSlot(receiver, signature)


def _alive(wrapper: Wrapper, name: str):
    if not wrapper:
        raise ValueError(f"Trying to use '{name}' of a destroyed {type(wrapper).__name__} object")
    return wrapper.qtObject


def _property(qtObject: QtCore.QObject, name: str) -> QtCore.QMetaProperty | None:
    # PythonQt leaves QTimer.singleShot to the static method of that name.
    isSingleShot = isinstance(qtObject, QtCore.QTimer) and name == "singleShot"
    if isSingleShot or isRefused(type(qtObject), name):
        return None
    meta = qtObject.metaObject()
    index = meta.indexOfProperty(name)
    if index < 0 and name == "name":
        # Slicer builds PythonQt so that `name` means objectName where there is no other.
        index = meta.indexOfProperty("objectName")
    return meta.property(index) if index >= 0 else None


def _write(wrapper: ObjectWrapper, prop: QtCore.QMetaProperty, value) -> None:
    kind = prop.typeName()
    fits = value is not None and prop.isWritable()
    if kind == "bool":
        fits = fits and isinstance(value, int)
    elif kind == "QString":
        fits = fits and isinstance(value, str)
    if not fits or not prop.write(wrapper.qtObject, unwrap(value)):
        state = "does not accept" if prop.isWritable() else "is not writable, for"
        raise AttributeError(
            f"Property '{prop.name()}' of type '{kind}' of {type(wrapper).__name__} {state} an "
            f"object of type {type(value).__name__} ({value!r})"
        )


def _instead(qtClass: type, name: str) -> Callable[..., Any] | None:
    for parent in qtClass.__mro__:
        replacement = instead.get((parent.__name__, name))
        if replacement is not None:
            return replacement
    return None


def _method(wrapper: Wrapper, name: str):
    qtObject = _alive(wrapper, name)
    # PythonQt looks `exec_` and `raise_` up without the underscore, PySide6 has some only with it.
    name = name.removesuffix("_")
    replacement = _instead(wrapper.qtClass, name)
    if replacement is not None:
        return lambda *arguments: replacement(wrapper, *arguments)
    if not isOffered(qtObject, name):
        return None
    member = getattr(qtObject, name, None) or getattr(qtObject, f"{name}_", None)
    if not callable(member):
        return None
    return _calling(member, f"{type(wrapper).__name__}.{name}", wrapper)


def _calling(member: Callable[..., Any], title: str, holder: object = None) -> Callable[..., Any]:
    # A method holds its object, as in PythonQt: qt.QSettings().setValue(...) needs that.
    def method(*arguments, _holder=holder):
        values = [unwrap(argument) for argument in arguments]
        if isinstance(member, types.MethodType):
            return wrap(member(*values))
        try:
            return wrap(member(*values))
        except (TypeError, NotImplementedError) as error:
            # PySide6 found no overload that takes them.
            raise ValueError(f"{title}: {error}") from error

    method.__name__ = title.rpartition(".")[2]
    return method


def isWidget(value) -> bool:
    return isinstance(value, Wrapper) and isinstance(value.qtObject, QtWidgets.QWidget)
