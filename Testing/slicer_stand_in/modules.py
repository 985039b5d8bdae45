"""The modules `qt` and `ctk`: every class is looked up in PySide6 or among those written here."""

from __future__ import annotations

import types

from PySide6 import QtCore, QtGui, QtWidgets

from .ctk_widgets import WIDGETS as CTK_WIDGETS
from .effect_factory import qSlicerSegmentEditorEffectFactory
from .mrml_widgets import qMRMLWidget, qSlicerScriptedLoadableModuleWidget, qSlicerWidget
from .node_combo_box import qMRMLNodeComboBox
from .offered import isOfferedClass
from .segment_editor_widget import qMRMLSegmentEditorWidget
from .single_shot import singleShot
from .ui_loader import loadWidget
from .wrapping import instead, wrapperClass

MRML_CLASSES = (
    qMRMLNodeComboBox,
    qMRMLSegmentEditorWidget,
    qMRMLWidget,
    qSlicerScriptedLoadableModuleWidget,
    qSlicerSegmentEditorEffectFactory,
    qSlicerWidget,
)
_IN_FILES = {kind.__name__: kind for kind in (*CTK_WIDGETS, *MRML_CLASSES)}

instead["QTimer", "singleShot"] = singleShot


class QUiLoader:
    """Loads a .ui file; see ui_loader."""

    def load(self, file, parent=None):
        return loadWidget(bytes(file.qtObject.readAll().data()), _IN_FILES)


class _Qt(types.ModuleType):
    def __getattr__(self, name: str):
        if name == "QUiLoader":
            return QUiLoader
        if isOfferedClass(name):
            places = (QtCore, QtGui, QtWidgets)
            return wrapperClass(next(getattr(each, name) for each in places if hasattr(each, name)))
        raise AttributeError(f"module 'qt' has no attribute '{name}', see names.json")


def qtModule() -> types.ModuleType:
    return _Qt("qt")


def ctkModule() -> types.ModuleType:
    module = types.ModuleType("ctk")
    for kind in CTK_WIDGETS:
        setattr(module, kind.__name__, wrapperClass(kind))
    return module
