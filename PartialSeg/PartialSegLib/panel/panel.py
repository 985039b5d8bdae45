"""The whole panel: the sections from top to bottom, and the life of the parameter node."""

from __future__ import annotations

import slicer
import slicer.util

from .export import ExportSection
from .labels import LabelsSection
from .review import ReviewSection
from .segmentEditor import SegmentEditorSection
from .segmentNeonate import SegmentNeonateSection
from .train import TrainSection

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
        self.sections = [section(logic) for section in SECTIONS]
        for section in self.sections:
            layout.addWidget(section.widget)
        layout.addStretch(1)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self._onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self._onSceneEndClose)
        self.addObserver(scene, scene.EndImportEvent, self._onSceneEndClose)
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
        self.removeObservers()
        for section in self.sections:
            section.cleanup()

    def _useParameterNode(self) -> None:
        parameterNode = self._logic.getParameterNode()
        if parameterNode.inputVolume is None:
            parameterNode.inputVolume = slicer.mrmlScene.GetFirstNodeByClass(
                "vtkMRMLScalarVolumeNode"
            )
        for section in self.sections:
            section.setParameterNode(parameterNode)

    def _onSceneStartClose(self, caller, event) -> None:
        for section in self.sections:
            section.setParameterNode(None)

    def _onSceneEndClose(self, caller, event) -> None:
        # Otherwise `enter` does it, when the user comes back.
        if self._isEntered():
            self._useParameterNode()
