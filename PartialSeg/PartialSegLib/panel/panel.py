"""The whole panel: the sections from top to bottom, and the life of the parameter node."""

from __future__ import annotations

import qt
import slicer
import slicer.util

from ..engine.steps import StepwiseWork
from ..engine.warmUp import warmUp
from ..prediction.confidence import removeLeftConfidences
from ..scene.oneScan import scansInViews
from ..scene.segmentationNodes import segmentationOf
from ..scene.volumes import helperVolumes, isScan
from ..training.plots import leaveEmptyPlot
from .comboBox import hide
from .export.section import ExportSection
from .labels.section import LabelsSection
from .nextStep.section import NextStepSection
from .pollTimer import PollTimer
from .review.section import ReviewSection
from .section import showError
from .segmentEditor.section import SegmentEditorSection
from .segmentNeonate.section import SegmentNeonateSection
from .shownScan import ShownScan
from .train.section import TrainSection
from .worklist.section import WorklistSection

SECTIONS = (
    NextStepSection,
    SegmentNeonateSection,
    LabelsSection,
    SegmentEditorSection,
    ExportSection,
    WorklistSection,
    TrainSection,
    ReviewSection,
)


# The panel is drawn, and answers, between the steps.
_WARM_UP_MS = 100
# What these are for begins with a scan.
_FOLDED_WITHOUT_SCAN = (LabelsSection, SegmentEditorSection, ExportSection)


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
        self._shownScan = ShownScan(self._tellOfOtherScan)
        line = self.section(NextStepSection)
        line.unfold, line.showChosen = self._unfold, self._shownScan.show
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
        self.addObserver(scene, scene.NodeRemovedEvent, self._onNodeRemoved)
        self._removedTimer = qt.QTimer()
        self._removedTimer.setSingleShot(True)
        self._removedTimer.setInterval(0)
        self._removedTimer.connect("timeout()", self._removeWhatIsLeft)
        self._warmUp = PollTimer(_WARM_UP_MS, lambda: None, showError)
        self._useParameterNode()

    def section(self, kind: type):
        """The section of a class."""
        return next(section for section in self.sections if isinstance(section, kind))

    def enter(self) -> None:
        self._useParameterNode()
        self._shownScan.watchViews()
        for section in self.sections:
            section.enter()
        if not self._warmUp.busy:
            self._warmUp.start(StepwiseWork(warmUp(), lambda _nothing: None))

    def exit(self) -> None:
        for section in self.sections:
            section.exit()

    def cleanup(self) -> None:
        self._arrivedTimer.stop()
        self._removedTimer.stop()
        self._shownScan.follow(None)
        self._warmUp.cancel()
        self.removeObservers()
        for section in self.sections:
            section.cleanup()

    def _useParameterNode(self) -> None:
        # One for a scene: each observes its node for as long as some section remembers it.
        self._hideHelpers()
        parameterNode = self._parameterNode or self._logic.getParameterNode()
        _chooseFirstScan(parameterNode)
        if parameterNode is not self._parameterNode:
            self._parameterNode = parameterNode
            for section in self.sections:
                section.setParameterNode(parameterNode)
            self._shownScan.follow(parameterNode)

    def _onSceneStartClose(self, caller, event) -> None:
        self._parameterNode = None
        self._shownScan.follow(None)
        for section in self.sections:
            section.otherScan = None
            section.setParameterNode(None)
            if isinstance(section, _FOLDED_WITHOUT_SCAN):
                section.foldingButton.collapsed = True

    def _unfold(self, name: str) -> None:
        """Unfold the section of a name, and show it."""
        section = next(section for section in self.sections if section.uiName == name)
        section.foldingButton.collapsed = False

    def _tellOfOtherScan(self) -> None:
        for section in self.sections:
            section.otherScan = self._shownScan.other
            if section.parameterNode is not None:
                section.update()

    def _onSceneEndClose(self, caller, event) -> None:
        # Otherwise `enter` does it, when the user comes back.
        if self._isEntered():
            self._useParameterNode()

    def _onSceneEndImport(self, caller, event) -> None:
        leaveEmptyPlot()
        # What the scene brings has replaced the choices, and its nodes are there only now.
        self._parameterNode = None
        self._onSceneEndClose(caller, event)

    def _hideHelpers(self) -> None:
        """Let no selector offer what is no scan."""
        helpers = [node.GetID() for node in helperVolumes()]
        for section in self.sections:
            for selector in section.widget.findChildren("qMRMLNodeComboBox"):
                hide(selector, helpers)

    def _onNodeRemoved(self, caller, event) -> None:
        if self._parameterNode is not None and not caller.IsBatchProcessing():
            self._removedTimer.start()

    def _removeWhatIsLeft(self) -> None:
        if self._parameterNode is not None:
            removeLeftConfidences()

    def _onNodeAdded(self, caller, event) -> None:
        if not caller.IsBatchProcessing():
            self._hideHelpers()
            self._shownScan.watchViews()
        # A scene that is read brings its own choice.
        if self._parameterNode is not None and self._isEntered() and not caller.IsBatchProcessing():
            self._arrivedTimer.start()

    def _chooseArrivedScan(self) -> None:
        if self._parameterNode is not None:
            _chooseFirstScan(self._parameterNode)


def _chooseFirstScan(parameterNode) -> None:
    """Choose the scan in the views, or the first one, with its segmentation, where none is yet."""
    if parameterNode.inputVolume is None:
        parameterNode.inputVolume = scan = next(iter(scansInViews()), None) or _firstScan()
        if scan is not None and parameterNode.segmentation is None:
            parameterNode.segmentation = segmentationOf(scan)


def _firstScan():
    """The first volume of the scene that the selector of scans lists; None if there is none."""
    return next(filter(isScan, slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")), None)
