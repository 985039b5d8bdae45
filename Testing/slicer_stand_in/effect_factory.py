"""slicer.qSlicerSegmentEditorEffectFactory: tells when an extension brings an effect; none does."""

from __future__ import annotations

from PySide6 import QtCore
from PySide6.QtCore import Signal


class qSlicerSegmentEditorEffectFactory(QtCore.QObject):
    """One for all Segment Editors."""

    effectRegistered = Signal(str)
    _instance: qSlicerSegmentEditorEffectFactory | None = None

    @staticmethod
    def instance() -> qSlicerSegmentEditorEffectFactory:
        kind = qSlicerSegmentEditorEffectFactory
        if kind._instance is None:
            kind._instance = kind()
        return kind._instance
