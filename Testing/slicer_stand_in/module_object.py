"""What Slicer holds for a scripted module: its title, texts and place."""

from __future__ import annotations

from PySide6 import QtCore, QtGui
from PySide6.QtCore import Slot

from .kept import kept


class qSlicerScriptedLoadableModule(QtCore.QObject):
    """Filled in by the module's Python class."""

    def __init__(self, name: str, path: str) -> None:
        super().__init__()
        self.kept: dict[str, object] = {"name": name, "path": path}
        self.representation = None

    name = kept(str, "name", "", writable=False)
    path = kept(str, "path", "", writable=False)
    title = kept(str, "title", "")
    helpText = kept(str, "helpText", "")
    acknowledgementText = kept(str, "acknowledgementText", "")
    categories = kept("QStringList", "categories", [])
    contributors = kept("QStringList", "contributors", [])
    dependencies = kept("QStringList", "dependencies", [])
    associatedNodeTypes = kept("QStringList", "associatedNodeTypes", [])
    hidden = kept(bool, "hidden", False)
    index = kept(int, "index", -1)
    icon = kept(QtGui.QIcon, "icon", QtGui.QIcon())

    @Slot(result=object)
    def widgetRepresentation(self):
        return self.representation
