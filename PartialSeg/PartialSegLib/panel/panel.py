"""The whole panel: the sections from top to bottom, and the life of the parameter node."""

from __future__ import annotations

import qt
import slicer
import slicer.util

from ..scene.segmentationNodes import segmentationOf
from .export.section import ExportSection
from .labels.section import LabelsSection
from .review.section import ReviewSection
from .segmentEditor.section import SegmentEditorSection
from .segmentNeonate.section import SegmentNeonateSection
from .train.section import TrainSection

SECTIONS = (
    SegmentNeonateSection,
    LabelsSection,
    SegmentEditorSection,
    ExportSection,
    TrainSection,
    ReviewSection,
)


class Panel(slicer.util.VTKObservationMixin):
    """Builds the sections into a layout and tells them what happens to module and scene."""

    def __init__(self, logic, layout, isEntered) -> None:
        super().__init__()
        self._logic = logic
        self._isEntered = isEntered
        self._parameterNode = None
        self.sections = [section(logic) for section in SECTIONS]
        for section in self.sections:
            layout.addWidget(section.widget)
        layout.addStretch(1)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self._onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self._onSceneEndClose)
        self.addObserver(scene, scene.EndImportEvent, self._onSceneEndImport)
        self.addObserver(scene, scene.NodeAddedEvent, self._onNodeAdded)
        # A node is added before all of it is there; what is loaded is, when Qt is at work again.
        self._arrivedTimer = qt.QTimer()
        self._arrivedTimer.setSingleShot(True)
        self._arrivedTimer.setInterval(0)
        self._arrivedTimer.connect("timeout()", self._chooseArrivedScan)
        self._useParameterNode()

    def section(self, kind: type):
        """The section of a class."""
        return next(section for section in self.sections if isinstance(section, kind))

    def enter(self) -> None:
        self._useParameterNode()
        for section in self.sections:
            section.enter()

    def exit(self) -> None:
        for section in self.sections:
            section.exit()

    def cleanup(self) -> None:
        self._arrivedTimer.stop()
        self.removeObservers()
        for section in self.sections:
            section.cleanup()

    def _useParameterNode(self) -> None:
        # One for a scene: each observes its node for as long as some section remembers it.
        parameterNode = self._parameterNode or self._logic.getParameterNode()
        _chooseFirstScan(parameterNode)
        if parameterNode is not self._parameterNode:
            self._parameterNode = parameterNode
            for section in self.sections:
                section.setParameterNode(parameterNode)

    def _onSceneStartClose(self, caller, event) -> None:
        self._parameterNode = None
        for section in self.sections:
            section.setParameterNode(None)

    def _onSceneEndClose(self, caller, event) -> None:
        # Otherwise `enter` does it, when the user comes back.
        if self._isEntered():
            self._useParameterNode()

    def _onSceneEndImport(self, caller, event) -> None:
        # What the scene brings has replaced the choices, and its nodes are there only now.
        self._parameterNode = None
        self._onSceneEndClose(caller, event)

    def _onNodeAdded(self, caller, event) -> None:
        # A scene that is read brings its own choice.
        if self._parameterNode is not None and self._isEntered() and not caller.IsBatchProcessing():
            self._arrivedTimer.start()

    def _chooseArrivedScan(self) -> None:
        if self._parameterNode is not None:
            _chooseFirstScan(self._parameterNode)


def _chooseFirstScan(parameterNode) -> None:
    """Choose the first scan of the scene, with its segmentation, where none is chosen yet."""
    if parameterNode.inputVolume is None:
        parameterNode.inputVolume = scan = _firstScan()
        if scan is not None and parameterNode.segmentation is None:
            parameterNode.segmentation = segmentationOf(scan)


def _firstScan():
    """The first volume of the scene that the selector of scans lists; None if there is none."""
    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    # Labelmaps are scalar volumes too.
    return next(
        (
            node
            for node in volumes
            if node.GetClassName() == "vtkMRMLScalarVolumeNode" and not node.GetHideFromEditors()
        ),
        None,
    )
