"""qt.QUiLoader: .ui files with the widgets of CTK and Slicer; says what is wrong with one."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from functools import reduce
from operator import or_

from PySide6 import QtCore, QtUiTools, QtWidgets

from .ctk_widgets import ctkPathLineEdit
from .enums import EnumValue, enumerators
from .offered import isOfferedClass
from .wrapping import ObjectWrapper, wrap


class LoadedFile(QtUiTools.QUiLoader):
    """Qt's own loader, which also makes the widgets that are written here."""

    def __init__(self, classes: dict[str, type]) -> None:
        super().__init__()
        self._classes = classes

    def createWidget(self, className: str, parent=None, name: str = ""):
        if className in self._classes:
            widget = self._classes[className](parent)
            widget.setObjectName(name)
            return widget
        return super().createWidget(className, parent, name)


def loadWidget(text: bytes, classes: dict[str, type]) -> ObjectWrapper:
    """The widget of a .ui file; `classes` are those of CTK and Slicer.

    Raises ValueError for a class, property, signal or slot that Slicer does not have; there it
    would be a line in the log and a widget that does nothing.
    """
    root = ElementTree.fromstring(text)
    connections = _takeConnections(root)
    _checkClasses(root, classes)
    filters = _takeFilters(root)
    data = QtCore.QBuffer()
    data.setData(ElementTree.tostring(root))
    data.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
    loader = LoadedFile(classes)
    widget = loader.load(data)
    if widget is None:
        raise ValueError(f"The .ui file cannot be loaded: {loader.errorString()}")
    loaded = wrap(widget)
    _checkProperties(root, widget)
    for name, value in filters.items():
        _named(loaded, name).filters = value
    for sender, signal, receiver, slot in connections:
        _named(loaded, sender).connect(signal, _named(loaded, receiver), slot)
    return loaded


def _takeConnections(root: ElementTree.Element) -> list[tuple[str, ...]]:
    """The connections of a file, taken out: those with types of VTK are not known to PySide6."""
    element = root.find("connections")
    if element is None:
        return []
    root.remove(element)
    return [
        tuple(entry.findtext(tag, "") for tag in ("sender", "signal", "receiver", "slot"))
        for entry in element
    ]


def _takeFilters(root: ElementTree.Element) -> dict[str, EnumValue]:
    """What each ctkPathLineEdit accepts, taken out: Qt's loader does not know CTK's enumeration."""
    found = {}
    for widget in root.iter("widget"):
        prop = widget.find("property[@name='filters']")
        if widget.get("class") == "ctkPathLineEdit" and prop is not None:
            widget.remove(prop)
            names = prop.findtext("set", "").replace("ctkPathLineEdit::", "").split("|")
            values = enumerators(ctkPathLineEdit)
            found[widget.get("name", "")] = reduce(or_, (values[name] for name in names))
    return found


def _checkClasses(root: ElementTree.Element, classes: dict[str, type]) -> None:
    for entry in root.iter("widget"):
        name = entry.get("class", "")
        # Designer's name for a QFrame that is a line.
        known = name == "Line" or name in classes or isOfferedClass(name)
        if not known:
            raise ValueError(f"The .ui file has a widget of the class '{name}', which is not known")


def _checkProperties(root: ElementTree.Element, widget: QtWidgets.QWidget) -> None:
    for entry in root.iter("widget"):
        name = entry.get("name", "")
        made = widget if widget.objectName() == name else widget.findChild(QtCore.QObject, name)
        if made is None or entry.get("class") == "Line":
            continue
        for prop in entry.findall("property"):
            known = made.metaObject().indexOfProperty(prop.get("name", "")) >= 0
            if not known and prop.get("stdset") != "0":
                raise ValueError(f"'{name}' of the .ui file has no property '{prop.get('name')}'")


def _named(loaded: ObjectWrapper, name: str) -> ObjectWrapper:
    if loaded.objectName == name:
        return loaded
    found = loaded.qtObject.findChild(QtCore.QObject, name)
    if found is None:
        raise ValueError(f"The .ui file connects '{name}', which it does not have")
    return wrap(found)
