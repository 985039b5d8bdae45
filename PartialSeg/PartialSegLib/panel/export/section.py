"""Section "Export": an annotated scan becomes a case of a dataset, and comes back from it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import qt
import slicer
import slicer.util
import vtk
from slicer.i18n import tr as _

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme

from ...annotation.contradictions import foundContradictions
from ...annotation.overlay import removeTraces
from ...dataset.caseLoading import LoadedCase
from ...dataset.content import DatasetCase
from ...dataset.contrasts import enteredContrasts
from ...engine.jobs import Job, JobFailed
from ...engine.packages import FILES
from ...scene.geometry import arrayShape, kjiToRAS
from ...scene.oneScan import belongTo
from ...scene.region import placeROI
from ...scene.scanMemory import caseOf, rememberCase
from ...scene.segmentationNodes import CONTENT_EVENTS, scanOf
from ..furtherScans import FurtherScans
from ..lastDataset import lastDataset, rememberDataset
from ..packagesRequest import packagesAreThere
from ..pathLine import connectPath
from ..plainText import plain
from ..section import FollowingSection, guarded, setEnabled, showError
from ..told import showProgress, tell
from .annotationPreview import AnnotationPreview
from .casesTable import CasesTable
from .reasons import (
    inShort,
    whyNotExport,
    whyNotIdentifiers,
    whyNotInto,
)

_ANNOTATOR = "PartialSeg/Annotator"


class ExportSection(FollowingSection):
    """Dataset, subject and annotator; what training will see; the export; what is exported."""

    uiName = "Export"

    def setup(self) -> None:
        self._scheme = None
        self._schemeProblem = ""
        self._contrasts: tuple[str, ...] = ()
        self._namedVolumeID = ""
        self._preview = AnnotationPreview(self.ui, self.logic)
        self._cases = CasesTable(self.ui, self.logic, self._showState)
        self._further = FurtherScans(self.ui.furtherScansWidget, guarded(self._showState))
        self.ui.annotatorLineEdit.text = slicer.util.settingsValue(_ANNOTATOR, "")
        for button, action in (
            (self.ui.exportButton, self._onExport),
            (self.ui.loadCaseButton, self._onLoadCase),
            (self.ui.cancelButton, self._onCancel),
        ):
            button.connect("clicked(bool)", guarded(action))
        connectPath(self.ui.datasetPathLineEdit, guarded(self._onDatasetChanged))
        self.ui.regionSelector.connect("nodeAddedByUser(vtkMRMLNode*)", guarded(self._placeRegion))
        self._say("")
        self.jobChanged()

    def cleanup(self) -> None:
        self._cases.stop()
        super().cleanup()

    def setParameterNode(self, parameterNode) -> None:
        self.stopFollowing()
        if parameterNode is None:
            self._namedVolumeID = ""
            self._say("")
        else:
            removeTraces()
        super().setParameterNode(parameterNode)
        if parameterNode is not None and not parameterNode.dataset:
            parameterNode.dataset = lastDataset()

    def update(self, caller=None, event=None) -> None:
        chosen = self.parameterNode
        if not self._entered or chosen is None:
            return
        if self.ui.datasetPathLineEdit.currentPath != chosen.dataset:
            self.ui.datasetPathLineEdit.currentPath = chosen.dataset
        if chosen.inputVolume is not None:
            self._nameCaseOfScan()
        try:
            self._scheme, self._schemeProblem = self.scheme, ""
        except UserError as error:
            self._scheme, self._schemeProblem = None, str(error)
        self._follow(chosen.segmentation, chosen.region)
        self._preview.use(chosen.inputVolume, chosen.segmentation, self._scheme, chosen.region)
        self._cases.setFolder(chosen.dataset)
        self._showState()

    def jobChanged(self) -> None:
        self.ui.exportProgressBar.visible = self.busy
        self.ui.cancelButton.visible = self.busy
        self._showState()

    # Following the scene

    def _follow(self, segmentation, region) -> None:
        self.removeObservers(self._onAnnotationChanged)
        if segmentation is not None:
            for event in CONTENT_EVENTS:
                self.addObserver(segmentation, event, self._onAnnotationChanged)
        if region is not None:
            self.addObserver(region, vtk.vtkCommand.ModifiedEvent, self._onAnnotationChanged)

    def stopFollowing(self) -> None:
        self.removeObservers(self._onAnnotationChanged)
        self._preview.use(None, None, None, None)
        self._further.show((), None)

    def _onAnnotationChanged(self, caller=None, event=None) -> None:
        self._preview.annotationChanged()
        self._showState()

    def _nameCaseOfScan(self) -> None:
        """Enter the case of the scan, and forget that of another one, which it would replace."""
        scan = self.parameterNode.inputVolume
        if scan.GetID() == self._namedVolumeID:
            return
        case = caseOf(scan)
        if case is not None:
            self._namedVolumeID = scan.GetID()
            self._name(*case)
        elif self._namedVolumeID:
            self._namedVolumeID = ""
            self._name("", "")

    def _name(self, subject: str, session: str) -> None:
        with slicer.util.NodeModify(self.parameterNode):
            self.parameterNode.subject, self.parameterNode.session = subject, session

    # What is shown

    def _showState(self) -> None:
        chosen, scheme, busy = self.parameterNode, self._scheme, _("Wait, or cancel first.")
        wrong = chosen and whyNotIdentifiers(chosen.subject, chosen.session)
        self.ui.identifierLabel.text = wrong or _(
            "No name or number of the patient, please: both stand in file names."
        )
        whyNotContrasts = self._showContrasts()
        setEnabled(
            self.ui.exportButton,
            (busy if self.busy else "")
            or self._schemeProblem
            or whyNotExport(chosen, scheme)
            or whyNotInto(chosen, scheme, self._cases.content, self._cases.problem)
            or whyNotContrasts,
            _("Write the scan and what is known of each label into the dataset."),
        )
        setEnabled(
            self.ui.loadCaseButton,
            (busy if self.busy else "")
            or ("" if self._cases.selected else _("Select a case of the table first.")),
            _("Bring scan and annotation of the selected case back into the scene."),
        )

    def _showContrasts(self) -> str:
        """Show which contrasts a scan of the dataset has; return why there cannot be such."""
        chosen, content = self.parameterNode, self._cases.content
        if chosen is None or not self._entered:
            return ""
        for widget in (self.ui.contrastsLabel, self.ui.contrastsLineEdit):
            widget.visible = content is None
        try:
            self._contrasts = content.contrasts if content else enteredContrasts(chosen.contrasts)
        except UserError as error:
            self._contrasts = ()
            self._further.show((), chosen.inputVolume)
            return str(error)
        self._further.show(self._contrasts[1:], chosen.inputVolume)
        return self._further.whyNot(
            self._contrasts,
            _("Every scan of the dataset has {needed}; choose the {contrast} of this one."),
        )

    def _say(self, text: str) -> None:
        tell(self.ui.statusLabel, text)

    def _onProgress(self, report: dict[str, Any]) -> None:
        self._say(showProgress(self.ui.exportProgressBar, report))

    # What the user does

    def _onDatasetChanged(self, path: str) -> None:
        if self.parameterNode is not None:
            self.parameterNode.dataset = path

    def _placeRegion(self, roiNode) -> None:
        """Let a new region enclose the scan, so that its faces only have to be drawn in."""
        scan = self.parameterNode.inputVolume
        if scan is not None:
            last = np.subtract(arrayShape(scan), 1)
            placeROI(roiNode, (0, 0, 0), last, kjiToRAS(scan))
            belongTo(roiNode, scan)

    def _onExport(self, clicked: bool) -> None:
        scan, segmentation = self.parameterNode.inputVolume, self.parameterNode.segmentation
        madeOn = scanOf(segmentation)
        question = _(
            "{segmentation} was made on {made}, but the scan {scan} is selected. Export it as the "
            "annotation of {scan} nevertheless?"
        )
        if madeOn in (None, scan) or slicer.util.confirmYesNoDisplay(
            plain(
                question.format(
                    segmentation=segmentation.GetName(), made=madeOn.GetName(), scan=scan.GetName()
                )
            )
        ):
            self._export()

    def _export(self, replace: bool = False) -> None:
        if not self._packagesAreThere(_("write datasets")):
            return
        chosen, annotator = self.parameterNode, self.ui.annotatorLineEdit.text.strip()
        qt.QSettings().setValue(_ANNOTATOR, annotator)
        job = self.logic.exportJob(
            chosen.segmentation,
            chosen.inputVolume,
            self._scheme,
            chosen.dataset,
            chosen.subject,
            session=chosen.session or None,
            annotator=annotator,
            group=self.ui.groupLineEdit.text.strip() or None,
            roiNode=chosen.region,
            replace=replace,
            contrast=self._contrasts[0],
            further=self._further.nodes,
            onProgress=self._onProgress,
            onFinished=partial(
                self._onExported,
                chosen.dataset,
                chosen.inputVolume,
                partial(
                    rememberCase,
                    chosen.inputVolume,
                    chosen.segmentation,
                    chosen.subject,
                    chosen.session,
                ),
            ),
            onFailed=partial(self._onExportFailed, self._scheme),
        )
        self._startJob(job, _("Reading the annotation..."))

    def _onExported(self, dataset: str, scan, remember: Callable[[], None], case: str) -> None:
        self._namedVolumeID = scan.GetID()
        remember()
        rememberDataset(dataset)
        self.ui.datasetPathLineEdit.addCurrentPathToHistory()
        self._cases.refresh(select=case)
        self._say(_("{case} is in the dataset.").format(case=case))

    def _onExportFailed(self, scheme: LabelScheme, error: JobFailed) -> None:
        self._say("")
        if error.details.get("exists"):
            question = _(
                "The dataset has a case of this subject and session already. Replace its scan and "
                "its annotation by what is selected now?"
            )
            if slicer.util.confirmYesNoDisplay(question):
                self._export(replace=True)
        elif error.details.get("contradictions"):
            found = foundContradictions(error.details["contradictions"], scheme)
            details = "\n".join(each.message for each in found)
            slicer.util.errorDisplay(plain(inShort(found)), detailedText=details)
        else:
            showError(error)

    def _onLoadCase(self, clicked: bool) -> None:
        if not self._packagesAreThere(_("load a case")):
            return
        case = self._cases.selected
        job = self.logic.loadCaseJob(
            self._cases.content.folder,
            case.subject,
            case.session,
            onFinished=partial(self._onLoaded, self._cases.content.folder, case),
            onFailed=self._onLoadFailed,
        )
        self._startJob(job, _("Reading the case..."))

    def _onLoaded(self, folder: Path, case: DatasetCase, loaded: LoadedCase) -> None:
        self._namedVolumeID = loaded.volumeNode.GetID()
        session = case.session or ""
        rememberCase(loaded.volumeNode, loaded.segmentationNode, case.subject, session)
        with slicer.util.NodeModify(self.parameterNode):
            self.parameterNode.inputVolume = loaded.volumeNode
            self.parameterNode.segmentation = loaded.segmentationNode
            self.parameterNode.region = loaded.regionNode
            self.parameterNode.subject = case.subject
            self.parameterNode.session = session
            if self._scheme is None or not loaded.scheme.has_labels_of(self._scheme):
                self.parameterNode.scheme = str(folder / "scheme.json")
        text = _("{case} is loaded; correct it, then export it anew.").format(case=case.name)
        if loaded.regionNode is not None:
            text += " " + _(
                "Only a part of this scan was annotated: leave it selected as annotated region."
            )
        if loaded.weakened:
            text += " " + _(
                "Only a part of this scan was annotated, so that these labels are no longer "
                "complete or absent: {labels}."
            ).format(labels=", ".join(loaded.scheme[name].title for name in loaded.weakened))
        self._say(text)

    def _onLoadFailed(self, error: JobFailed) -> None:
        self._say("")
        showError(error)

    def _onCancel(self, clicked: bool) -> None:
        self.cancelJob()
        self._say(_("Cancelled."))

    def _packagesAreThere(self, reason: str) -> bool:
        # The scene may have been closed while packages were installed.
        return (
            packagesAreThere(self.logic, FILES, reason, self._say)
            and self.parameterNode is not None
        )

    def _startJob(self, job: Job, text: str) -> None:
        self._onProgress({"stage": text})
        self.startJob(job)
