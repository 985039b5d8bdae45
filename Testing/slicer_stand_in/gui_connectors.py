"""Which widget shows which type of parameter, as in Slicer's guiConnectors.py."""

from __future__ import annotations

import enum
import pathlib
from collections.abc import Callable
from typing import Any

from .parameter_types import isNodeType
from .validators import Choice, Maximum, Minimum, WithinRange

_PATHS = (pathlib.Path, pathlib.PurePath, pathlib.PurePosixPath, pathlib.PureWindowsPath)


class Connector:
    """Binds one widget to one parameter: reads it, writes it, and tells of changes."""

    def __init__(self, widget, signal: str | None, read: Callable, write: Callable) -> None:
        self.widget = widget
        self.read = read
        self.write = write
        self._signal = signal
        self._callback: Callable[[], None] | None = None

    def onChanged(self, callback: Callable[[], None] | None) -> None:
        self._callback = callback
        if self._signal is not None:
            signal = getattr(self.widget, self._signal)
            if callback is None:
                signal.disconnect(self._changed)
            else:
                signal.connect(self._changed)

    def _changed(self) -> None:
        if self._callback is not None:
            self._callback()


def connector(widget, kind: type, annotations: tuple[Any, ...]) -> Connector:
    """The connector of a widget and a parameter's type.

    Raises RuntimeError for a pair that Slicer, or the stand-in, does not connect.
    """
    name = widget.className()
    if kind is bool and name in ("QCheckBox", "ctkCheckBox"):
        return _property(widget, "checked", "stateChanged")
    if kind is bool and name == "QPushButton":
        widget.checkable = True
        return _property(widget, "checked", "toggled")
    if kind is int and name in ("QSlider", "QSpinBox"):
        return _number(widget, annotations, name == "QSlider", (-(2**31), 2**31 - 1), kind)
    if kind in (int, float) and name in ("QDoubleSpinBox", "ctkSliderWidget"):
        if kind is int:
            widget.decimals = 0
        unbounded = (float("-inf"), float("inf"))
        return _number(widget, annotations, name == "ctkSliderWidget", unbounded, kind)
    if name in ("QComboBox", "ctkComboBox") and kind in (int, float, str, bool):
        choice = next((each for each in annotations if isinstance(each, Choice)), None)
        if choice is None:
            raise RuntimeError(
                "ComboBoxToStringableConnector requires the Choice annotation to be used."
            )
        return _choices(widget, [(str(each), each) for each in choice.choices])
    if name in ("QComboBox", "ctkComboBox") and _isEnum(kind):
        title = getattr(kind, "label", lambda each: each.name)
        return _choices(widget, [(title(each), each) for each in kind])
    if kind is str and name == "QLineEdit":
        return _lineEdit(widget)
    if kind is str and name == "QLabel":
        return _property(widget, "text", None)
    if kind is str and name == "QTextEdit":
        return Connector(
            widget,
            "textChanged",
            lambda: widget.toPlainText(),
            lambda text: widget.setPlainText(text),
        )
    if kind in _PATHS and name == "ctkPathLineEdit":
        return _path(widget, kind, "currentPath", "currentPathChanged")
    if kind in _PATHS and name == "ctkDirectoryButton":
        return _path(widget, kind, "directory", "directoryChanged")
    if isNodeType(kind) and name == "qMRMLNodeComboBox":
        widget.nodeTypes = [kind().GetClassName()]
        return Connector(
            widget,
            "currentNodeChanged",
            widget.currentNode,
            lambda node: widget.setCurrentNode(node),
        )
    raise RuntimeError(
        f"Unable to create GUI connector from datatype '{kind}' to widget type '{name}'."
    )


def _isEnum(kind) -> bool:
    return isinstance(kind, type) and issubclass(kind, enum.Enum)


def _property(widget, name: str, signal: str | None) -> Connector:
    return Connector(
        widget, signal, lambda: getattr(widget, name), lambda value: setattr(widget, name, value)
    )


def _path(widget, kind: type, name: str, signal: str) -> Connector:
    return Connector(
        widget,
        signal,
        lambda: kind(getattr(widget, name)),
        lambda value: setattr(widget, name, str(value)),
    )


def _lineEdit(widget) -> Connector:
    def write(text: str) -> None:
        # Writing moves the cursor, which the one who types should not see.
        if text != widget.text:
            widget.text = text

    return Connector(widget, "textChanged", lambda: widget.text, write)


def _choices(widget, choices: list[tuple[str, Any]]) -> Connector:
    widget.clear()
    for text, _value in choices:
        widget.addItem(text)
    values = [value for _text, value in choices]

    def write(value) -> None:
        widget.currentIndex = values.index(value)

    return Connector(widget, "currentIndexChanged", lambda: values[widget.currentIndex], write)


def _number(
    widget, annotations: tuple[Any, ...], needsBounds: bool, limits: tuple[Any, Any], kind: type
) -> Connector:
    low, high = limits
    bounds = 0
    for each in annotations:
        if isinstance(each, WithinRange):
            low, high, bounds = each.minimum, each.maximum, 2
        elif isinstance(each, Minimum):
            low, bounds = each.minimum, bounds + 1
        elif isinstance(each, Maximum):
            high, bounds = each.maximum, bounds + 1
    if needsBounds and bounds < 2:
        raise RuntimeError(
            f"Cannot have a connection to {widget.className()} where the type is unbounded."
        )
    widget.minimum, widget.maximum = low, high
    return Connector(
        widget,
        "valueChanged",
        lambda: kind(widget.value),
        lambda value: setattr(widget, "value", kind(value)),
    )
