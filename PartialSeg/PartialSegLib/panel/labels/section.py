"""Section "Labels": the scheme as a tree beside the segmentation, and what the labels imply."""

from __future__ import annotations

from collections.abc import Sequence

import qt
import slicer
import slicer.util
import vtk
from slicer.i18n import tr as _

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme, Status

from ...annotation.contradictions import FoundContradiction
from ...annotation.editing import segmentEditorNode
from ...annotation.labelTable import LabelRow, labelTable
from ...engine.jobs import JobFailed
from ...engine.steps import Steps, StepwiseWork
from ...scene.labelDisplay import showParts
from ...scene.labelSegments import LabelSegments
from ..pollTimer import PollTimer
from ..section import FollowingSection, guarded, setEnabled, showError
from ..statusNames import STATUS_NAMES
from ..told import tell
from .contradictionList import ContradictionList
from .labelTree import LabelTree
from .reasons import LabelReasons
from .schemeSelector import SchemeSelector

_SEGMENT_EVENTS = (
    slicer.vtkSegmentation.SegmentAdded,
    slicer.vtkSegmentation.SegmentModified,
    slicer.vtkSegmentation.SourceRepresentationModified,
)
# Long enough that a brush stroke, which brings many events, is one refresh.
_REFRESH_MS = 200


class LabelsSection(FollowingSection):
    """What is annotated, label by label; it follows what the Segment Editor and others change.

    Nothing is measured while another module is open.
    """

    uiName = "Labels"

    def setup(self) -> None:
        self._segments: LabelSegments | None = None
        self._segmentation = None
        self._editorNode = None
        self._pickedSegmentID = None
        self._measuring = PollTimer(0, lambda: None, showError)
        self._contradictions = ContradictionList(
            self.ui.contradictionList, guarded(self._jumpToContradiction)
        )
        self._schemes = SchemeSelector(
            self.ui.schemeComboBox,
            self.ui.schemeTitleLabel,
            self.logic.schemes(),
            guarded(self._useScheme),
        )
        self._tree = LabelTree(
            self.ui.labelTree,
            onSelected=guarded(self._onRowSelected),
            onActivated=guarded(self._jumpToSegment),
            onStatus=guarded(self._setStatus),
            onShow=guarded(self._setVisible),
            whyNotStatus=self._whyNotStatus,
        )
        ui, why = self.ui, LabelReasons
        buttons = (
            (ui.createSegmentsButton, self._createSegments, why.createSegments),
            (ui.jumpButton, self._jumpToSegment, why.jump),
            (ui.superLabelButton, self._superLabelFromParts, why.superLabelFromParts),
            (ui.remainderButton, self._remainderToLastPart, why.remainderToLastPart),
            (ui.checkButton, self._check, why.check),
        )
        for button, action, _why in buttons:
            button.connect("clicked()", guarded(action))
        ui.cancelCheckButton.connect("clicked()", guarded(self._cancelCheck))
        # A reason takes the place of the tooltip for as long as there is one.
        self._buttons = [(button, reason, button.toolTip) for button, _action, reason in buttons]
        self._refreshTimer = qt.QTimer()
        self._refreshTimer.setSingleShot(True)
        self._refreshTimer.setInterval(_REFRESH_MS)
        self._refreshTimer.connect("timeout()", guarded(self._refresh))
        self.jobChanged()

    def setParameterNode(self, parameterNode) -> None:
        if parameterNode is None:
            self.stopFollowing()
            self._contradictions.show([])
            self._show([])
            self._say("")
        super().setParameterNode(parameterNode)

    def update(self, caller=None, event=None) -> None:
        if self._entered and self.parameterNode is not None:
            self._schemes.show(self.parameterNode.scheme)
            self._follow(self.parameterNode.segmentation)
            self._refresh()

    def jobChanged(self) -> None:
        self.ui.checkProgressBar.visible = self.busy
        self.ui.cancelCheckButton.visible = self.busy
        self._updateButtons()

    # What changes elsewhere

    def _follow(self, segmentation) -> None:
        editorNode = segmentEditorNode(slicer.mrmlScene)
        if segmentation is self._segmentation and editorNode is self._editorNode:
            return
        self.stopFollowing()
        self._segmentation, self._editorNode = segmentation, editorNode
        self.addObserver(editorNode, vtk.vtkCommand.ModifiedEvent, self._onEditorNodeModified)
        if segmentation is not None:
            for event in _SEGMENT_EVENTS:
                self.addObserver(segmentation, event, self._onSegmentsChanged)
            removed = slicer.vtkSegmentation.SegmentRemoved
            self.addObserver(segmentation, removed, self._onSegmentRemoved)
            self.addObserver(segmentation, segmentation.DisplayModifiedEvent, self._refreshLater)

    def stopFollowing(self) -> None:
        for slot in (
            self._onEditorNodeModified,
            self._onSegmentsChanged,
            self._onSegmentRemoved,
            self._refreshLater,
        ):
            self.removeObservers(slot)
        self._segmentation = self._editorNode = self._pickedSegmentID = None
        self._refreshTimer.stop()
        self._measuring.cancel()

    def _onSegmentsChanged(self, caller=None, event=None) -> None:
        if not self._contradictions.isEmpty:
            self._say(_("The annotation has changed since this check."))
        self._refreshLater()

    def _onSegmentRemoved(self, caller=None, event=None) -> None:
        # At once: what is gone can neither be measured nor selected.
        self._onSegmentsChanged()
        self._refresh()

    def _refreshLater(self, caller=None, event=None) -> None:
        self._refreshTimer.start()

    def _onEditorNodeModified(self, caller=None, event=None) -> None:
        picked = self._editorNode.GetSelectedSegmentID()
        if picked == self._pickedSegmentID:
            return
        self._pickedSegmentID = picked
        self._selectPicked()

    def _selectPicked(self) -> None:
        """Select the label that is picked in the Segment Editor."""
        for row in self._tree.rows:
            if row.segmentID is not None and row.segmentID == self._pickedSegmentID:
                self._tree.select(row.name)

    # What is shown

    def _refresh(self) -> None:
        if not self._entered or self.parameterNode is None:
            return
        try:
            scheme = self.scheme
        except UserError as error:
            self._segments = None
            self._show([])
            self._say(str(error))
            return
        if self._segments is None:
            self._say("")
        if not (self._segments and self._segments.isOf(self._segmentation, scheme)):
            self._segments = LabelSegments(self._segmentation, scheme)
        if self._segmentation is not None:
            showParts(self._segments)
        self._show(labelTable(self._segments))

    @property
    def _scheme(self) -> LabelScheme:
        return self._segments.scheme

    def _show(self, rows: Sequence[LabelRow]) -> None:
        self._refreshTimer.stop()
        self._tree.show(rows)
        if self._tree.selected is None:
            self._selectPicked()
        self._measuring.start(StepwiseWork(self._showVolumes(rows), lambda _: None))
        self._updateButtons()

    def _showVolumes(self, rows: Sequence[LabelRow]) -> Steps[None]:
        """Show what is known at once, and measure the rest, a segment a step."""
        drawn = [row for row in rows if row.segmentID is not None]
        unknown = []
        for row in drawn:
            if self._segments.volumeIsKnown(row.name):
                self._showVolume(row)
            else:
                unknown.append(row)
        for row in unknown:
            yield
            self._showVolume(row)

    def _showVolume(self, row: LabelRow) -> None:
        self._tree.showVolume(row.name, self._segments.volume(row.name))

    def _say(self, text: str) -> None:
        tell(self.ui.statusLabel, text)

    def _updateButtons(self) -> None:
        reasons = self._reasons
        for button, reason, toolTip in self._buttons:
            setEnabled(button, reason(reasons), toolTip)

    @property
    def _reasons(self) -> LabelReasons:
        return LabelReasons(
            self._segments,
            self.parameterNode and self.parameterNode.inputVolume,
            self._tree.rows,
            self._tree.selected,
            self.busy,
        )

    def _whyNotStatus(self, row: LabelRow, status: Status) -> str:
        return self._segments.whyNotStatus(row.name, status)

    # What the user does

    def _useScheme(self, nameOrPath: str) -> None:
        if self.parameterNode is None:
            return
        try:
            if nameOrPath:
                self.logic.scheme(nameOrPath)
                self.parameterNode.scheme = nameOrPath
        finally:
            self._schemes.show(self.parameterNode.scheme)

    def _onRowSelected(self) -> None:
        row = self._tree.selected
        if self._editorNode is not None and row is not None and row.segmentID is not None:
            self._pickedSegmentID = row.segmentID
            self._editorNode.SetSelectedSegmentID(row.segmentID)
        self._updateButtons()

    def _setStatus(self, row: LabelRow, status: Status) -> None:
        self.logic.setStatus(self._segmentation, row.segmentID, status)
        self._refresh()

    def _setVisible(self, row: LabelRow, visible: bool) -> None:
        self._segmentation.CreateDefaultDisplayNodes()
        self._segmentation.GetDisplayNode().SetSegmentVisibility(row.segmentID, visible)
        self._refresh()

    def _createSegments(self) -> None:
        scan = self.parameterNode.inputVolume
        segmentation = self._segmentation or self.logic.addSegmentation(scan)
        self.logic.createSegments(segmentation, self._scheme, scan)
        self.parameterNode.segmentation = segmentation
        self._refresh()

    def _superLabelFromParts(self) -> None:
        name = self._reasons.superLabel
        status = self.logic.superLabelFromParts(self._segmentation, self._scheme, name)
        self._refresh()
        self._say(
            _("{label}: {status}, made from its parts.").format(
                label=self._scheme[name].title, status=STATUS_NAMES[status].lower()
            )
        )

    def _remainderToLastPart(self) -> None:
        name = self._reasons.superLabel
        part, status = self.logic.remainderToLastPart(self._segmentation, self._scheme, name)
        self._refresh()
        self._say(
            _("{part}: {status}, what no other part has of {label}.").format(
                part=self._scheme[part].title,
                status=STATUS_NAMES[status].lower(),
                label=self._scheme[name].title,
            )
        )

    def _check(self) -> None:
        self._contradictions.show([])
        self._say(_("Looking for contradictions..."))
        job = self.logic.contradictionsJob(
            self._segmentation,
            self.parameterNode.inputVolume,
            self._scheme,
            self.parameterNode.region,
            onFinished=self._onChecked,
            onFailed=self._onCheckFailed,
        )
        self.startJob(job)

    def _cancelCheck(self) -> None:
        self.cancelJob()
        self._say("")

    def _onCheckFailed(self, error: JobFailed) -> None:
        self._say("")
        showError(error)

    def _onChecked(self, found: Sequence[FoundContradiction]) -> None:
        self._contradictions.show(found)
        self._say(
            _("Click a contradiction to see the place.")
            if found
            else _("The annotation does not contradict itself.")
        )

    def _jumpToSegment(self) -> None:
        reason = self._reasons.jump()
        if reason:
            self._say(reason)
        else:
            _jump(self._segmentation.GetSegmentCenterRAS(self._tree.selected.segmentID))

    def _jumpToContradiction(self, found: FoundContradiction) -> None:
        self._tree.select(found.labels[0])
        _jump(found.ras)


def _jump(ras: Sequence[float]) -> None:
    """Centre all slice views on a point, world RAS in mm."""
    sliceNode = slicer.vtkMRMLSliceNode
    sliceNode.JumpAllSlices(slicer.mrmlScene, *ras, sliceNode.CenteredJumpSlice)
