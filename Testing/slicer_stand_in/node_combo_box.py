"""The selector of a node, which follows the nodes of the scene."""

from __future__ import annotations

from typing import ClassVar

import slicer
import vtk
from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property, Signal, Slot

from .kept import kept
from .observations import Observations


class qMRMLSortFilterProxyModel(QtCore.QObject):
    """Of the selector's model what it leaves out, by ID."""

    def __init__(self, selector: qMRMLNodeComboBox) -> None:
        super().__init__(selector)
        self._selector = selector
        self._hidden: list[str] = []

    def _setHidden(self, hidden: list[str]) -> None:
        self._hidden = list(hidden)
        self._selector._refresh()

    hiddenNodeIDs = Property("QStringList", lambda self: self._hidden, _setHidden)


class qMRMLNodeComboBox(QtWidgets.QWidget):
    """Shows the nodes of some types and holds the chosen one."""

    currentNodeChanged = Signal((object,), (bool,))
    currentNodeIDChanged = Signal(str)
    nodeAdded = Signal(object)
    nodeAddedByUser = Signal(object)
    nodeAboutToBeRemoved = Signal(object)
    signatures: ClassVar[dict[str, str]] = {
        "currentNodeChanged(vtkMRMLNode*)": "currentNodeChanged(PyObject)",
        "nodeAdded(vtkMRMLNode*)": "nodeAdded(PyObject)",
        "nodeAddedByUser(vtkMRMLNode*)": "nodeAddedByUser(PyObject)",
        "nodeAboutToBeRemoved(vtkMRMLNode*)": "nodeAboutToBeRemoved(PyObject)",
        "setMRMLScene(vtkMRMLScene*)": "setMRMLScene(PyObject)",
        "setCurrentNode(vtkMRMLNode*)": "setCurrentNode(PyObject)",
    }

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = None
        self._observations = Observations(self)
        self._nodes: list[slicer.vtkMRMLNode] = []
        self._requested = None
        self._types: list[str] = []
        self._attributes: dict[tuple[str, str], object] = {}
        self.kept: dict[str, object] = {}
        self._noneEnabled = False
        self._noneDisplay = "None"
        self._showHidden = False
        self._showChildNodeTypes = True
        self._switching = False
        self._proxyModel = qMRMLSortFilterProxyModel(self)
        self._box = QtWidgets.QComboBox(self)
        self._box.setSizePolicy(
            QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Expanding
        )
        self._box.currentIndexChanged.connect(self._emitCurrentNode)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        self.setSizePolicy(
            QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed
        )
        self.setEnabled(False)

    # The scene

    @Slot(result=object)
    def mrmlScene(self):
        return self._scene

    @Slot(object)
    def setMRMLScene(self, scene) -> None:
        if scene is self._scene:
            return
        self._observations.remove(self._scene)
        self._scene = scene
        if scene is not None:
            for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndBatchProcessEvent):
                self._observations.add(scene, event, self._onScene)
        self._switching = True
        self._refresh()
        self._switching = False
        self.setEnabled(scene is not None)
        wanted, self._requested = self._requested, None
        if wanted is not None:
            self.setCurrentNode(wanted)

    def _onScene(self, caller, event) -> None:
        if not self._scene.IsBatchProcessing():
            self._refresh()

    def _refresh(self) -> None:
        """Bring the entries up to date, one at a time, so that the choice stays where it is."""
        nodes = self._matching()
        for index in reversed(range(len(self._nodes))):
            if self._nodes[index] not in nodes:
                self.nodeAboutToBeRemoved.emit(self._nodes[index])
                self._observations.remove(self._nodes.pop(index))
                self._box.removeItem(index + self._firstNode())
        for index, node in enumerate(nodes):
            if index == len(self._nodes) or self._nodes[index] is not node:
                self._nodes.insert(index, node)
                self._box.insertItem(index + self._firstNode(), node.GetName() or "")
                self._observations.add(node, vtk.vtkCommand.ModifiedEvent, self._onNode)
                self.nodeAdded.emit(node)

    def _onNode(self, node, event) -> None:
        if node in self._nodes:
            self._box.setItemText(self._nodes.index(node) + self._firstNode(), node.GetName() or "")

    def _matching(self) -> list:
        if self._scene is None:
            return []
        every = [self._scene.GetNthNode(index) for index in range(self._scene.GetNumberOfNodes())]
        return [node for node in every if self._accepts(node)]

    def _accepts(self, node) -> bool:
        exact = not self._showChildNodeTypes
        name = node.GetClassName()
        if not any(name == each if exact else node.IsA(each) for each in self._types):
            return False
        if node.GetHideFromEditors() and not self._showHidden:
            return False
        if node.GetID() in self._proxyModel.hiddenNodeIDs:
            return False
        for (kind, attribute), value in self._attributes.items():
            found = node.GetAttribute(attribute)
            if node.IsA(kind) and (found is None or (value is not None and found != str(value))):
                return False
        return True

    @Slot(result=object)
    def sortFilterProxyModel(self):
        return self._proxyModel

    # The choice

    def _firstNode(self) -> int:
        return 1 if self._noneEnabled else 0

    @Slot(result=object)
    def currentNode(self):
        index = self._box.currentIndex() - self._firstNode()
        return self._nodes[index] if 0 <= index < len(self._nodes) else None

    @Slot(object)
    def setCurrentNode(self, node) -> None:
        if isinstance(node, str):
            self.setCurrentNodeID(node)
            return
        if self._scene is None:
            self._requested = node
        known = node is not None and node in self._nodes
        none = 0 if self._noneEnabled else -1
        self._box.setCurrentIndex(self._nodes.index(node) + self._firstNode() if known else none)

    @Slot(str)
    def setCurrentNodeID(self, nodeID: str) -> None:
        found = [node for node in self._nodes if node.GetID() == nodeID]
        self.setCurrentNode(found[0] if found else None)

    @Slot(int)
    def setCurrentNodeIndex(self, index: int) -> None:
        self.setCurrentNode(self.nodeFromIndex(index))

    @Slot(result=int)
    def nodeCount(self) -> int:
        return len(self._nodes)

    @Slot(int, result=object)
    def nodeFromIndex(self, index: int):
        return self._nodes[index] if 0 <= index < len(self._nodes) else None

    def _currentNodeID(self) -> str:
        node = self.currentNode()
        return node.GetID() if node is not None else ""

    currentNodeID = Property(str, _currentNodeID, setCurrentNodeID, notify=currentNodeIDChanged)

    def _emitCurrentNode(self, index: int) -> None:
        if self._switching:
            return
        node = self.currentNode()
        self.currentNodeChanged[object].emit(node)
        self.currentNodeChanged[bool].emit(node is not None)
        self.currentNodeIDChanged.emit(self._currentNodeID())

    # What the user may do

    @Slot(result=object)
    def addNode(self):
        kind = self._types[0]
        base = self.baseName or self._scene.GetTagByClassName(kind)
        node = self._scene.AddNewNodeByClass(kind, self._scene.GenerateUniqueName(base))
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        self.nodeAddedByUser.emit(node)
        return node

    @Slot()
    def removeCurrentNode(self) -> None:
        self._scene.RemoveNode(self.currentNode())

    # Properties

    def _setTypes(self, types: list[str]) -> None:
        self._types = [each for each in types if each]
        self._refresh()

    nodeTypes = Property("QStringList", lambda self: self._types, _setTypes)

    @Slot(str, str)
    @Slot(str, str, "QVariant")
    def addAttribute(self, nodeType: str, attribute: str, value=None) -> None:
        self._attributes[nodeType, attribute] = value
        self._refresh()

    @Slot(str, str)
    def removeAttribute(self, nodeType: str, attribute: str) -> None:
        self._attributes.pop((nodeType, attribute), None)
        self._refresh()

    def _setNone(self, enabled: bool) -> None:
        if enabled == self._noneEnabled:
            return
        current = self.currentNode()
        blocked = self._box.blockSignals(True)
        self._noneEnabled = enabled
        if enabled:
            self._box.insertItem(0, self._noneDisplay)
        else:
            self._box.removeItem(0)
        self.setCurrentNode(current)
        self._box.blockSignals(blocked)

    noneEnabled = Property(bool, lambda self: self._noneEnabled, _setNone)

    def _setNoneDisplay(self, text: str) -> None:
        self._noneDisplay = text
        if self._noneEnabled:
            self._box.setItemText(0, text)

    noneDisplay = Property(str, lambda self: self._noneDisplay, _setNoneDisplay)

    def _setShowHidden(self, show: bool) -> None:
        self._showHidden = show
        self._refresh()

    showHidden = Property(bool, lambda self: self._showHidden, _setShowHidden)

    def _setShowChildNodeTypes(self, show: bool) -> None:
        self._showChildNodeTypes = show
        self._refresh()

    showChildNodeTypes = Property(
        bool, lambda self: self._showChildNodeTypes, _setShowChildNodeTypes
    )
    addEnabled = kept(bool, "addEnabled", True)
    removeEnabled = kept(bool, "removeEnabled", True)
    editEnabled = kept(bool, "editEnabled", False)
    renameEnabled = kept(bool, "renameEnabled", False)
    selectNodeUponCreation = kept(bool, "selectNodeUponCreation", True)
    baseName = kept(str, "baseName", "")
    sizeAdjustPolicy = Property(
        QtWidgets.QComboBox.SizeAdjustPolicy,
        lambda self: self._box.sizeAdjustPolicy(),
        lambda self, policy: self._box.setSizeAdjustPolicy(policy),
    )
