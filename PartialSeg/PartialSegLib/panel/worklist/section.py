"""Section "Worklist": the scans of a folder one after the other, each annotation kept by itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import qt
import slicer
import slicer.util
from slicer.i18n import tr as _

from ...dataset.content import isNewDataset, newDatasetJob
from ...dataset.contrasts import enteredContrasts
from ...dataset.drafts import (
    WorkItem,
    loadItem,
    lookAgain,
    nextItem,
    saveDraft,
    workItemsJob,
)
from ...engine.jobs import JobFailed
from ...engine.packages import FILES
from ...scene.furtherScans import furtherScans
from ...scene.oneScan import regionOf
from ...scene.segmentationNodes import CONTENT_EVENTS
from ..packagesRequest import packagesAreThere
from ..pathLine import connectPath
from ..plainText import breakable, plain
from ..section import Section, guarded, setEnabled, showError
from ..silent import silent
from ..told import tell

_SCAN, _LABELS = range(2)
_ANNOTATOR = "PartialSeg/Annotator"
# What a crash may cost at most.
_SAVE_MS = 45_000


class WorklistSection(Section):
    """Lists scans with what is annotated of each; opens, saves and goes on with one key.

    The annotation of the scan that was opened here is written into the dataset as a draft while it
    changes, whatever module is open, and when another scan is opened or the scene is closed.
    """

    uiName = "Worklist"

    def setup(self) -> None:
        self._items: list[WorkItem] = []
        self._open: WorkItem | None = None
        # The nodes of the open scan, and the segmentation that is watched.
        self._scan = self._followed = None
        self._further: list = []
        self._changed = False
        ui = self.ui
        table = ui.worklistTable
        header = table.horizontalHeader()
        for column in (_SCAN, _LABELS):
            header.setSectionResizeMode(column, qt.QHeaderView.Stretch)
        table.verticalHeader().setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        table.connect("itemSelectionChanged()", self._updateButtons)
        table.connect("cellDoubleClicked(int,int)", guarded(lambda *_cell: self._openSelected()))
        connectPath(ui.worklistPathLineEdit, guarded(self._onFolder))
        for button, action in (
            (ui.listButton, self._list),
            (ui.openButton, self._openSelected),
            (ui.nextButton, self._goOn),
        ):
            button.connect("clicked()", guarded(action))
        self._timer = qt.QTimer()
        self._timer.setInterval(_SAVE_MS)
        self._timer.connect("timeout()", guarded(self._save))
        self._say("")
        self._updateButtons()

    def cleanup(self) -> None:
        guarded(self._save)()
        self._timer.stop()
        super().cleanup()

    def setParameterNode(self, parameterNode) -> None:
        if parameterNode is None and self.parameterNode is not None:
            # The scene is about to be closed, and its nodes are still there.
            guarded(self._save)()
            self._forget()
            if self.busy:
                self._say("")
        super().setParameterNode(parameterNode)

    def update(self, caller=None, event=None) -> None:
        if self._scan is not None and self.parameterNode.inputVolume is not self._scan:
            self._save()
            self._forget()
        self._follow(self.parameterNode.segmentation if self._scan is not None else None)
        self._updateButtons()

    def jobChanged(self) -> None:
        self._updateButtons()

    # The list

    def _onFolder(self, folder: str) -> None:
        self._updateButtons()

    def _list(self) -> None:
        if self.busy:
            self.cancelJob()
            self._say(_("Cancelled: the table shows what was found before."))
            return
        there = packagesAreThere(self.logic, FILES, _("list the scans of a folder"), self._say)
        # The scene may have been closed while packages were installed.
        if not there or self.parameterNode is None:
            return
        self.ui.worklistPathLineEdit.addCurrentPathToHistory()
        self.startJob(
            workItemsJob(
                self.ui.worklistPathLineEdit.currentPath,
                self.parameterNode.dataset,
                enteredContrasts(self.parameterNode.contrasts),
                onFinished=self._onListed,
                onFailed=self._onFailed,
            )
        )
        self._say(_("Looking for scans..."))

    def _onFailed(self, error: JobFailed) -> None:
        self._say("")
        showError(error)

    def _onListed(self, items: Sequence[WorkItem]) -> None:
        self._show(items)
        begun = sum(item.begun for item in self._items)
        self._say(_("Scans: {count}; begun: {begun}.").format(count=len(self._items), begun=begun))

    def _show(self, items: Sequence[WorkItem]) -> None:
        table, selected = self.ui.worklistTable, self._open or self._selected
        with silent(table):
            self._items = list(items)
            table.clearSelection()
            table.clearContents()
            table.rowCount = len(items)
            for row, item in enumerate(items):
                self._fill(row)
                if selected is not None and item.path == selected.path:
                    table.selectRow(row)
        self._updateButtons()

    def _fill(self, row: int) -> None:
        item, table = self._items[row], self.ui.worklistTable
        done = ", ".join(item.labels) or (_("Begun") if item.begun else "")
        if item.annotator:
            done = _("{labels} ({annotator})").format(labels=done, annotator=item.annotator)
        if item.lacking:
            done = _whyNotOpen(item)
        files = "\n".join(map(str, (item.path, *item.further.values())))
        for column, text in ((_SCAN, breakable(item.path.name)), (_LABELS, done)):
            cell = qt.QTableWidgetItem(text)
            cell.setToolTip(plain(files if column == _SCAN else item.date))
            table.setItem(row, column, cell)

    @property
    def _selected(self) -> WorkItem | None:
        items = self.ui.worklistTable.selectedItems()
        return self._items[items[0].row()] if items else None

    def _updateButtons(self) -> None:
        ui, chosen = self.ui, self.parameterNode
        noDataset = ""
        if chosen is None or not chosen.dataset:
            noDataset = _("Choose the dataset in the section Export first: drafts are kept there.")
        noFolder = ""
        if not ui.worklistPathLineEdit.currentPath:
            noFolder = _("Choose the folder of the scans first.")
        ui.listButton.text = _("Cancel") if self.busy else _("List")
        setEnabled(
            ui.listButton,
            "" if self.busy else noDataset or noFolder,
            _("Look no further.")
            if self.busy
            else _("List the scans of the folder, and what is annotated of each."),
        )
        wait = _("Wait, or cancel first.") if self.busy else ""
        item = self._selected
        noneSelected = _whyNotOpen(item) if item else _("Select a scan in the table first.")
        setEnabled(
            ui.openButton, wait or noDataset or noneSelected, _("Open the scan with its draft.")
        )
        noNext = ""
        if not self._items:
            noNext = _("List the scans of a folder first.")
        elif nextItem(self._items, self._open) is None:
            noNext = _("Every scan of the folder is begun.")
        setEnabled(
            ui.nextButton,
            wait or noDataset or noNext,
            _("Save the draft, and open the next scan that nobody has begun (Ctrl+Shift+N)."),
        )

    # The scan at work

    def _openSelected(self) -> None:
        item = self._selected
        if item is not None and not _whyNotOpen(item):
            self._openItem(item)

    def _goOn(self) -> None:
        item = nextItem(self._items, self._open)
        if item is not None:
            self._openItem(item)

    def _openItem(self, item: WorkItem) -> None:
        self._save()
        if not isNewDataset(self.parameterNode.dataset):
            self._openNow(item)
            return
        # Now, because a folder with drafts in it is no new dataset.
        self.startJob(
            newDatasetJob(
                self.parameterNode.dataset,
                self.scheme,
                enteredContrasts(self.parameterNode.contrasts),
                onFinished=partial(self._openNow, item),
                onFailed=self._onFailed,
            )
        )
        self._say(_("Making the dataset..."))

    def _openNow(self, item: WorkItem) -> None:
        item = lookAgain(item)
        chosen, before = self.parameterNode, (self._scan, self._followed, *self._further)
        scan, segmentation = loadItem(item)
        if segmentation is None:
            segmentation = self.logic.addSegmentation(scan)
            self.logic.createSegments(segmentation, self.scheme, scan)
        self._forget()
        self._open, self._scan = item, scan
        self._further = list(furtherScans(scan).values())
        with slicer.util.NodeModify(chosen):
            chosen.inputVolume, chosen.segmentation, chosen.region = scan, segmentation, None
        self._changed = False
        # What was drawn is in its draft, and forty scans do not fit into memory. Only a region is
        # not kept there.
        if before[0] is not None and regionOf(before[0]) is None:
            for node in before:
                # The user may have removed one already.
                if node is not None and node.GetScene() is not None:
                    slicer.mrmlScene.RemoveNode(node)
        self._timer.start()
        self._show(self._items)
        self._say(
            _("{scan} is open; its annotation is kept by itself.").format(scan=item.path.name)
        )

    def _follow(self, segmentation) -> None:
        if segmentation is self._followed:
            return
        self.removeObservers(self._onChanged)
        self._followed = segmentation
        if segmentation is not None:
            for event in CONTENT_EVENTS:
                self.addObserver(segmentation, event, self._onChanged)

    def _onChanged(self, caller, event) -> None:
        self._changed = True

    def _save(self) -> None:
        """Write the draft of the open scan, if its annotation has changed since the last time."""
        if self._open is None or self._followed is None or not self._changed:
            return
        annotator = slicer.util.settingsValue(_ANNOTATOR, "")
        saved = saveDraft(self._open, self._followed, self.scheme, annotator)
        self._changed = False
        paths = [item.path for item in self._items]
        if saved.path in paths:
            row = paths.index(saved.path)
            self._items[row] = saved
            with silent(self.ui.worklistTable):
                self._fill(row)
        self._open = saved
        text = _("The draft of {scan} was saved at {time}.").format(
            scan=saved.path.name, time=qt.QTime.currentTime().toString("HH:mm")
        )
        if saved.keptBeside is not None:
            text += " " + _(
                "Somebody else had written one since it was opened here; that is kept as {file}."
            ).format(file=saved.keptBeside.name)
        self._say(text)

    def _forget(self) -> None:
        """No scan is open any more."""
        self._timer.stop()
        self._follow(None)
        self._open = self._scan = None
        self._further = []
        self._changed = False

    def _say(self, text: str) -> None:
        tell(self.ui.worklistLabel, text)


def _whyNotOpen(item: WorkItem) -> str:
    """Why a scan cannot be annotated; empty if it can."""
    if not item.lacking:
        return ""
    return _("There is no {contrast}, on which the dataset's labels are drawn.").format(
        contrast=item.lacking
    )
