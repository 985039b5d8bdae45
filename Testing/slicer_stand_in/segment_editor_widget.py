"""The Segment Editor's widget: what it does with its nodes is Slicer's, its looks are a sketch."""

from __future__ import annotations

from typing import ClassVar

import slicer
import slicer.util
import vtk
from PySide6 import QtWidgets
from PySide6.QtCore import Property, Signal, Slot

from .kept import kept
from .mrml_widgets import qMRMLWidget
from .observations import Observations

_SEGMENTATION = slicer.vtkMRMLSegmentationNode
_MASK_MODES = {
    "Everywhere": _SEGMENTATION.EditAllowedEverywhere,
    "Inside all segments": _SEGMENTATION.EditAllowedInsideAllSegments,
    "Inside all visible segments": _SEGMENTATION.EditAllowedInsideVisibleSegments,
    "Outside all segments": _SEGMENTATION.EditAllowedOutsideAllSegments,
    "Outside all visible segments": _SEGMENTATION.EditAllowedOutsideVisibleSegments,
}


class qMRMLSegmentEditorWidget(qMRMLWidget):
    """Keeps scene, editor node, nodes and segment, and undoes; there is nothing to draw with.

    As in Slicer the editing mask is read from a selector of segments: a mask segment that is not
    among its entries, or not yet set, puts the mask mode back to "Everywhere". The signal
    currentSegmentIDChanged tells of what the user picks, not of what the program does.
    """

    currentSegmentIDChanged = Signal(str)
    sourceVolumeNodeChanged = Signal(object)
    segmentationNodeChanged = Signal(object)
    signatures: ClassVar[dict[str, str]] = {
        **qMRMLWidget.signatures,
        "sourceVolumeNodeChanged(vtkMRMLVolumeNode*)": "sourceVolumeNodeChanged(PyObject)",
        "segmentationNodeChanged(vtkMRMLSegmentationNode*)": "segmentationNodeChanged(PyObject)",
        "setSegmentationNode(vtkMRMLNode*)": "setSegmentationNode(PyObject)",
        "setSourceVolumeNode(vtkMRMLNode*)": "setSourceVolumeNode(PyObject)",
    }

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._editor = None
        self._segmentation = None
        self._volume = None
        self._logic = slicer.vtkSlicerSegmentEditorLogic()
        self._observations = Observations(self)
        self.kept: dict[str, object] = {}
        self._segments = QtWidgets.QListWidget(self)
        self._segments.setMaximumHeight(120)
        self._segments.currentRowChanged.connect(self._onRow)
        self._masks = QtWidgets.QComboBox(self)
        for text, mode in _MASK_MODES.items():
            self._masks.addItem(text, mode)
        self._masks.currentIndexChanged.connect(self._onMask)
        layout = QtWidgets.QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addRow(self._segments)
        layout.addRow("Editable area:", self._masks)

    # Nodes

    @Slot(object)
    def setMRMLScene(self, scene) -> None:
        if scene is self._scene:
            return
        self._observations.remove(self._scene)
        super().setMRMLScene(scene)
        self._logic.SetMRMLScene(scene)
        if scene is not None:
            for event in (scene.EndCloseEvent, scene.EndBatchProcessEvent):
                self._observe(scene, event)
        self.updateWidgetFromMRML()

    @Slot(result=object)
    def mrmlSegmentEditorNode(self):
        return self._editor

    @Slot(object)
    def setMRMLSegmentEditorNode(self, node) -> None:
        if node is self._editor:
            return
        self._observations.remove(self._editor)
        self._editor = node
        self._logic.SetSegmentEditorNode(node)
        if node is not None:
            self._observe(node, vtk.vtkCommand.ModifiedEvent)
            self.updateWidgetFromMRML()

    @Slot(result=object)
    def segmentationNode(self):
        return self._logic.GetSegmentationNode()

    @Slot(object)
    def setSegmentationNode(self, node) -> None:
        if node is not self.segmentationNode():
            self._logic.SetSegmentationNode(node)
            self.setActiveEffect(None)

    @Slot(result=object)
    def sourceVolumeNode(self):
        return self._logic.GetSourceVolumeNode()

    @Slot(object)
    def setSourceVolumeNode(self, node) -> None:
        self._logic.SetSourceVolumeNode(node)

    @Slot(result=str)
    def currentSegmentID(self) -> str:
        return self._logic.GetCurrentSegmentID()

    @Slot(str)
    def setCurrentSegmentID(self, segmentID: str) -> None:
        if self._editor is not None:
            self._editor.SetSelectedSegmentID(segmentID)

    @Slot()
    def saveStateForUndo(self) -> None:
        self._logic.SaveStateForUndo()

    @Slot()
    def undo(self) -> None:
        self._logic.Undo()

    @Slot()
    def redo(self) -> None:
        self._logic.Redo()

    # Following them

    def _observe(self, observed: vtk.vtkObject, event) -> None:
        self._observations.add(observed, event, lambda caller, event: self.updateWidgetFromMRML())

    @Slot()
    def updateWidgetFromMRML(self) -> None:
        scene = self._scene
        idle = scene is None or scene.IsClosing() or scene.IsBatchProcessing()
        if idle or self._editor is None:
            return
        with slicer.util.NodeModify(self._editor):
            self._followSegmentation()
            self._followVolume()
            self._showSegments()
            self._showMask()
            self._refillMasks()

    def _followSegmentation(self) -> None:
        node = self.segmentationNode()
        if node is self._segmentation:
            return
        self._observations.remove(self._segmentation)
        self._segmentation = node
        if node is not None:
            for event in (
                vtk.vtkCommand.ModifiedEvent,
                slicer.vtkSegmentation.SegmentAdded,
                slicer.vtkSegmentation.SegmentRemoved,
            ):
                self._observe(node, event)
            node.CreateDefaultDisplayNodes()
            role = node.GetReferenceImageGeometryReferenceRole()
            self._logic.SetSourceVolumeNode(node.GetNodeReference(role))
            if node.GetSegmentation().GetNumberOfSegments() > 0:
                self._logic.SelectFirstSegment(False)
        self.segmentationNodeChanged.emit(node)

    def _followVolume(self) -> None:
        if self.sourceVolumeNode() is not self._volume:
            self._volume = self.sourceVolumeNode()
            self.sourceVolumeNodeChanged.emit(self._volume)

    def _showSegments(self) -> None:
        ids = self._segmentIDs()
        blocked = self._segments.blockSignals(True)
        self._segments.clear()
        for segmentID in ids:
            self._segments.addItem(self._segmentName(segmentID))
        chosen = self.currentSegmentID()
        self._segments.setCurrentRow(ids.index(chosen) if chosen in ids else -1)
        self._segments.blockSignals(blocked)

    def _segmentIDs(self) -> list[str]:
        if self._segmentation is None:
            return []
        return list(self._segmentation.GetSegmentation().GetSegmentIDs())

    def _segmentName(self, segmentID: str) -> str:
        return self._segmentation.GetSegmentation().GetSegment(segmentID).GetName()

    def _onRow(self, row: int) -> None:
        picked = self._segmentIDs()[row] if row >= 0 else ""
        self.setCurrentSegmentID(picked)
        self.currentSegmentIDChanged.emit(picked)

    # The editing mask

    def _showMask(self) -> None:
        blocked = self._masks.blockSignals(True)
        inside = self._editor.GetMaskMode() == _SEGMENTATION.EditAllowedInsideSingleSegment
        wanted = self._editor.GetMaskSegmentID() if inside else self._editor.GetMaskMode()
        self._masks.setCurrentIndex(self._masks.findData(wanted))
        self._masks.blockSignals(blocked)

    def _refillMasks(self) -> None:
        blocked = self._masks.blockSignals(True)
        chosen = self._masks.currentData()
        while self._masks.count() > len(_MASK_MODES):
            self._masks.removeItem(self._masks.count() - 1)
        for segmentID in self._segmentIDs():
            self._masks.addItem(f"Inside {self._segmentName(segmentID)}", segmentID)
        if isinstance(chosen, str):
            self._masks.setCurrentIndex(self._masks.findData(chosen))
        self._masks.blockSignals(blocked)
        if self._segmentation is not None and self._masks.currentIndex() < 0:
            self._masks.setCurrentIndex(0)

    def _onMask(self, index: int) -> None:
        if self._editor is None:
            return
        data = self._masks.itemData(index)
        if index >= len(_MASK_MODES):
            self._editor.SetMaskSegmentID(data)
            self._editor.SetMaskMode(_SEGMENTATION.EditAllowedInsideSingleSegment)
        else:
            self._editor.SetMaskMode(data)

    # Effects and looks: kept, and without a consequence here

    @Slot(result=object)
    def activeEffect(self) -> None:
        return None

    @Slot(object)
    def setActiveEffect(self, effect: None) -> None:
        if self._editor is not None:
            self._editor.SetActiveEffectName("")

    @Slot(str)
    def setActiveEffectByName(self, name: str) -> None:
        if self._editor is not None:
            self._editor.SetActiveEffectName(name)

    @Slot()
    def updateEffectList(self) -> None:
        """There are no effects here that could be listed."""

    @Slot()
    def setupViewObservations(self) -> None:
        """There are no views here that would need to be observed."""

    @Slot()
    def removeViewObservations(self) -> None:
        """There are no views here that would be observed."""

    @Slot()
    def installKeyboardShortcuts(self) -> None:
        """There are no effects here that a key would start."""

    @Slot()
    def uninstallKeyboardShortcuts(self) -> None:
        """There are no effects here that a key would start."""

    segmentationNodeSelectorVisible = kept(bool, "segmentationNodeSelectorVisible", True)
    sourceVolumeNodeSelectorVisible = kept(bool, "sourceVolumeNodeSelectorVisible", True)
    maskingSectionVisible = kept(bool, "maskingSectionVisible", True)
    specifyGeometryButtonVisible = kept(bool, "specifyGeometryButtonVisible", True)
    show3DButtonVisible = kept(bool, "show3DButtonVisible", True)
    addRemoveSegmentButtonsVisible = kept(bool, "addRemoveSegmentButtonsVisible", True)
    autoShowSourceVolumeNode = kept(bool, "autoShowSourceVolumeNode", True)
    switchToSegmentationsButtonVisible = kept(bool, "switchToSegmentationsButtonVisible", True)
    undoEnabled = kept(bool, "undoEnabled", True)
    maximumNumberOfUndoStates = Property(
        int,
        lambda self: self._logic.GetMaximumNumberOfUndoStates(),
        lambda self, count: self._logic.SetMaximumNumberOfUndoStates(count),
    )
    readOnly = kept(bool, "readOnly", False)
    jumpToSelectedSegmentEnabled = kept(bool, "jumpToSelectedSegmentEnabled", False)
