"""slicer.app.coreIOManager(): volumes, segmentations and scenes, read and written by real MRML."""

from __future__ import annotations

from pathlib import Path

import slicer
from PySide6 import QtCore
from PySide6.QtCore import Slot

_LABELMAP, _CENTRE, _SINGLE_FILE = 0x1, 0x2, 0x4


class qSlicerCoreIOManager(QtCore.QObject):
    """What slicer.util's functions for loading and saving call."""

    def __init__(self, scene) -> None:
        super().__init__()
        self._scene = scene

    @Slot(str, result=str)
    def fileType(self, fileName: str) -> str:
        if fileName.endswith(".mrml"):
            return "SceneFile"
        return "SegmentationFile" if fileName.endswith(".seg.nrrd") else "VolumeFile"

    @Slot(str, object, object, object, result=bool)
    def loadNodes(self, fileType: str, parameters, loadedNodes=None, userMessages=None) -> bool:
        if fileType == "SceneFile":
            return self._loadScene(parameters)
        load = {"VolumeFile": self._loadVolume, "SegmentationFile": self._loadSegmentation}
        node = load[fileType](parameters)
        if node is not None and loadedNodes is not None:
            loadedNodes.AddItem(node)
        return node is not None

    @Slot(str, object, object, result=bool)
    def saveNodes(self, fileType: str, parameters, userMessages=None) -> bool:
        if fileType != "SceneFile":
            node = self._scene.GetNodeByID(parameters["nodeID"])
            node.AddDefaultStorageNode()
            storage = node.GetStorageNode()
            storage.SetFileName(parameters["fileName"])
            return bool(storage.WriteData(node))
        self._scene.SetURL(parameters["fileName"])
        self._scene.SetRootDirectory(str(Path(parameters["fileName"]).parent))
        return bool(self._scene.Commit())

    @Slot(object, result=str)
    def fileWriterFileType(self, node) -> str:
        return "SegmentationFile" if node.IsA("vtkMRMLSegmentationNode") else "VolumeFile"

    def _loadScene(self, parameters) -> bool:
        self._scene.SetURL(parameters["fileName"])
        return bool(
            self._scene.Connect() if parameters.get("clear", True) else self._scene.Import()
        )

    def _loadVolume(self, parameters):
        path = parameters["fileName"]
        options = 0
        for name, bit in (
            ("labelmap", _LABELMAP),
            ("center", _CENTRE),
            ("singleFile", _SINGLE_FILE),
        ):
            options |= bit if parameters.get(name, False) else 0
        name = parameters.get("name", Path(path).name.partition(".")[0])
        logic = slicer.modules.volumes.logic()
        node = logic.AddArchetypeVolume(path, name, options)
        if node is not None and parameters.get("show", True):
            _showInSlices(logic.GetApplicationLogic(), node)
        return node

    def _loadSegmentation(self, parameters):
        node = self._scene.AddNewNodeByClass("vtkMRMLSegmentationNode", parameters.get("name", ""))
        storage = slicer.vtkMRMLSegmentationStorageNode()
        storage.SetFileName(parameters["fileName"])
        self._scene.AddNode(storage)
        if storage.ReadData(node):
            node.SetAndObserveStorageNodeID(storage.GetID())
            return node
        self._scene.RemoveNode(storage)
        self._scene.RemoveNode(node)
        return None


def _showInSlices(applicationLogic, node) -> None:
    selection = applicationLogic.GetSelectionNode()
    if node.IsA("vtkMRMLLabelMapVolumeNode"):
        selection.SetActiveLabelVolumeID(node.GetID())
    else:
        selection.SetActiveVolumeID(node.GetID())
    applicationLogic.PropagateVolumeSelection()
