"""What Slicer holds for a scripted module: its title, texts and place."""

from __future__ import annotations

from PySide6 import QtCore, QtGui
from PySide6.QtCore import Property, Slot


class qSlicerScriptedLoadableModule(QtCore.QObject):
    """Filled in by the module's Python class."""

    def __init__(self, name: str, path: str) -> None:
        super().__init__()
        self._fields: dict[str, object] = {"name": name, "path": path}
        self.representation = None

    def _field(kind, name: str, default, writable: bool = True) -> Property:
        return Property(
            kind,
            lambda self: self._fields.get(name, default),
            (lambda self, value: self._fields.__setitem__(name, value)) if writable else None,
        )

    name = _field(str, "name", "", writable=False)
    path = _field(str, "path", "", writable=False)
    title = _field(str, "title", "")
    helpText = _field(str, "helpText", "")
    acknowledgementText = _field(str, "acknowledgementText", "")
    categories = _field("QStringList", "categories", [])
    contributors = _field("QStringList", "contributors", [])
    dependencies = _field("QStringList", "dependencies", [])
    associatedNodeTypes = _field("QStringList", "associatedNodeTypes", [])
    hidden = _field(bool, "hidden", False)
    index = _field(int, "index", -1)
    icon = _field(QtGui.QIcon, "icon", QtGui.QIcon())
    del _field

    @Slot(result=object)
    def widgetRepresentation(self):
        return self.representation
