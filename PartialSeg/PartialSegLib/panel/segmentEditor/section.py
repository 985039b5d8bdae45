"""Section "Segment Editor": Slicer's own, with mask and overlap for the label that is picked."""

from __future__ import annotations

import qt
import slicer
import slicer.util
import vtk
from slicer.i18n import tr as _

from partialseg_trainer.errors import UserError

from ...annotation.editing import applyEditSettings, editSettings, segmentEditorNode
from ...scene.labelSegments import LabelSegments
from ...scene.undo import SEGMENTS_ABOUT_TO_CHANGE
from ..section import Section

_UNDO_STATES = 10


class SegmentEditorSection(Section):
    """The Segment Editor on the panel's segmentation and scan.

    Its effects and keys are at work only while the module is open and the section unfolded: a key
    that switches to an effect which nobody sees would be a trap.
    """

    uiName = "SegmentEditor"

    def setup(self) -> None:
        self._keysInstalled = False
        self._editorNode = None
        self._segmentation = None
        self._picked = None
        # Settings are written when the editor is done with the selection, not in the midst of it.
        self._pickTimer = qt.QTimer()
        self._pickTimer.setSingleShot(True)
        self._pickTimer.connect("timeout()", self._applySettings)
        self.editor = slicer.qMRMLSegmentEditorWidget()
        self.editor.maximumNumberOfUndoStates = _UNDO_STATES
        # Before the scene, so that the editor has a node to write its first choices to.
        self._useEditorNode()
        self.editor.setMRMLScene(slicer.mrmlScene)
        self.editor.segmentationNodeSelectorVisible = False
        self.editor.sourceVolumeNodeSelectorVisible = False
        self.ui.contentWidget.layout().addWidget(self.editor)
        self.ui.segmentEditorCollapsibleButton.connect("contentsCollapsed(bool)", self._onFolded)
        # Extensions may register their effects after this panel is built.
        self._effects = slicer.qSlicerSegmentEditorEffectFactory.instance()
        self._effects.connect("effectRegistered(QString)", self._onEffectRegistered)

    def enter(self) -> None:
        super().enter()
        if self.parameterNode is not None:
            self._useEditorNode()
            self.editor.updateWidgetFromMRML()
            self.update()
        self._onFolded()

    def exit(self) -> None:
        super().exit()
        self._onFolded()
        self.editor.removeViewObservations()

    def cleanup(self) -> None:
        self.exit()
        self._effects.disconnect("effectRegistered(QString)", self._onEffectRegistered)
        super().cleanup()

    def setParameterNode(self, parameterNode) -> None:
        if parameterNode is None:
            self._forget()
        elif self._entered:
            self._useEditorNode()
        super().setParameterNode(parameterNode)

    def update(self, caller=None, event=None) -> None:
        if not self._entered or self.parameterNode is None:
            return
        segmentation, volume = self.parameterNode.segmentation, self.parameterNode.inputVolume
        if segmentation is not self._segmentation:
            self.removeObservers(self._saveStateForUndo)
            self._segmentation = segmentation
            if segmentation is not None:
                self.addObserver(segmentation, SEGMENTS_ABOUT_TO_CHANGE, self._saveStateForUndo)
        self.editor.setSegmentationNode(segmentation)
        # After the segmentation, which brings its own reference volume.
        if segmentation is not None and volume is not None:
            self.editor.setSourceVolumeNode(volume)
        self._showHint()

    def _showHint(self) -> None:
        """Say what is missing before anything can be painted, or else what painting does."""
        missing = ""
        if self.parameterNode.segmentation is None:
            missing = _("Select a segmentation in the section Labels, or create one.")
        elif self.parameterNode.inputVolume is None:
            missing = _("Select the scan to paint on, at the top of the panel.")
        self.ui.hintLabel.text = missing or _(
            "Parts may overlap: Check in the section Labels finds those that exclude each other."
        )
        self.editor.enabled = not missing

    def _useEditorNode(self) -> None:
        node = segmentEditorNode(slicer.mrmlScene)
        if node is self._editorNode:
            return
        self.removeObservers(self._onEditorNodeModified)
        self._editorNode = node
        self.editor.setMRMLSegmentEditorNode(node)
        self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self._onEditorNodeModified)

    def _forget(self) -> None:
        """Let go of the scene, which is about to be closed."""
        self.removeObservers(self._saveStateForUndo)
        self.removeObservers(self._onEditorNodeModified)
        self._pickTimer.stop()
        self._editorNode = self._segmentation = self._picked = None
        self.editor.setSegmentationNode(None)
        self.editor.removeViewObservations()

    def _onFolded(self, folded: bool = False) -> None:
        visible = self._entered and not self.ui.segmentEditorCollapsibleButton.collapsed
        if visible == self._keysInstalled:
            return
        self._keysInstalled = visible
        if visible:
            self.editor.installKeyboardShortcuts()
        else:
            self.editor.setActiveEffect(None)
            self.editor.uninstallKeyboardShortcuts()

    def _onEffectRegistered(self) -> None:
        self.editor.updateEffectList()

    def _saveStateForUndo(self, caller=None, event=None) -> None:
        self.editor.saveStateForUndo()

    def _onEditorNodeModified(self, caller=None, event=None) -> None:
        if not self._entered:
            return
        picked = (self._editorNode.GetSegmentationNode(), self._editorNode.GetSelectedSegmentID())
        if picked != self._picked:
            self._picked = picked
            self._pickTimer.start(0)

    def _applySettings(self) -> None:
        segmentation, segmentID = self._picked
        if segmentation is None or not segmentID or self.parameterNode is None:
            return
        if segmentation.GetSegmentation().GetSegment(segmentID) is None:
            return
        try:
            scheme = self.scheme
        except UserError:
            # The section Labels says what is wrong with the scheme.
            return
        applyEditSettings(
            self._editorNode, editSettings(LabelSegments(segmentation, scheme), segmentID)
        )
