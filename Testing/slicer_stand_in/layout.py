"""The layout manager: layout and slices are real MRML, and nothing draws them."""

from __future__ import annotations

import slicer
import vtk
from PySide6 import QtCore
from PySide6.QtCore import Property, Signal, Slot


class qMRMLSliceWidget(QtCore.QObject):
    """A slice view without its picture."""

    def __init__(self, sliceNode, scene) -> None:
        super().__init__()
        self._logic = slicer.vtkMRMLSliceLogic()
        self._logic.SetMRMLScene(scene)
        self._logic.SetSliceNode(sliceNode)

    @Slot(result=object)
    def mrmlSliceNode(self):
        return self._logic.GetSliceNode()

    @Slot(result=object)
    def sliceLogic(self):
        return self._logic

    def forget(self) -> None:
        self._logic.SetMRMLScene(None)


class qSlicerLayoutManager(QtCore.QObject):
    """Holds the three slice views of Slicer's four-up layout."""

    layoutChanged = Signal(int)

    def __init__(self, scene) -> None:
        super().__init__()
        self._logic = slicer.vtkMRMLLayoutLogic()
        self._logic.SetMRMLScene(scene)
        self._node = self._logic.GetLayoutNode()
        self._node.SetViewArrangement(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
        self._slices = {
            name: qMRMLSliceWidget(scene.GetNodeByID(f"vtkMRMLSliceNode{name}"), scene)
            for name in ("Red", "Yellow", "Green")
        }
        self._tag = self._node.AddObserver(
            vtk.vtkCommand.ModifiedEvent,
            lambda caller, event: self.layoutChanged.emit(self._node.GetViewArrangement()),
        )

    def forget(self) -> None:
        self._node.RemoveObserver(self._tag)
        for each in self._slices.values():
            each.forget()
        self._logic.SetMRMLScene(None)

    @Slot(int)
    def setLayout(self, layout: int) -> None:
        self._node.SetViewArrangement(layout)

    layout = Property(int, lambda self: self._node.GetViewArrangement(), setLayout)

    @Slot(result=object)
    def layoutLogic(self):
        return self._logic

    @Slot(str, result=object)
    def sliceWidget(self, name: str):
        return self._slices.get(name)

    @Slot(result=object)
    def sliceViewNames(self):
        return tuple(self._slices)

    @Slot(result=object)
    def mrmlSliceLogics(self):
        logics = vtk.vtkCollection()
        for each in self._slices.values():
            logics.AddItem(each.sliceLogic())
        return logics

    @Slot()
    def resetThreeDViews(self) -> None:
        """There is no 3-D view here."""

    @Slot()
    def resetSliceViews(self) -> None:
        for each in self._slices.values():
            each.sliceLogic().FitSliceToAll()
