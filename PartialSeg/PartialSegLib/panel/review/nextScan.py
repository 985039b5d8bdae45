"""The part of the section "Review" that finds the scan of a folder to annotate next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import qt
import slicer.util
from slicer.i18n import tr as _

from partialseg_trainer.errors import UserError

from ...engine.packages import LEARNING
from ...prediction.scanRanking import RankedScan
from ...scene.furtherScans import loadWithFurther
from ..packagesRequest import packagesAreThere
from ..pathLine import connectPath
from ..plainText import plain
from ..section import Section, guarded, setEnabled, showError
from ..silent import silent
from ..told import showProgress, tell

_SCAN, _UNCERTAINTY = range(2)


class NextScan:
    """Puts the scans of a folder in order, as the one job of its section, and loads one."""

    def __init__(self, section: Section) -> None:
        self._section = section
        self._ui = section.ui
        self._scans: list[RankedScan] = []
        ui = self._ui
        connectPath(ui.folderPathLineEdit, self._onFolderChanged)
        ui.findButton.connect("clicked()", guarded(self._find))
        ui.cancelButton.connect("clicked()", self._cancel)
        ui.loadButton.connect("clicked()", guarded(self._load))
        header = ui.scansTable.horizontalHeader()
        header.setSectionResizeMode(_SCAN, qt.QHeaderView.Stretch)
        header.setSectionResizeMode(_UNCERTAINTY, qt.QHeaderView.ResizeToContents)
        ui.scansTable.verticalHeader().setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        ui.scansTable.connect("cellDoubleClicked(int,int)", self._onDoubleClicked)
        ui.scansTable.connect("itemSelectionChanged()", self.update)
        ui.findLabel.visible = False

    def update(self) -> None:
        """Bring the buttons up to date with the section's job and the choices."""
        ui, busy, closed = self._ui, self._section.busy, self._section.parameterNode is None
        reason = ""
        if busy:
            reason = _("The scans of a folder are being segmented; wait or cancel.")
        elif closed:
            reason = _("The scene is closed.")
        elif not ui.folderPathLineEdit.currentPath:
            reason = _("Choose a folder of scans first.")
        setEnabled(
            ui.findButton,
            reason,
            _(
                "Segment every scan of the folder in the background, and put them in order: the "
                "one that the model is least sure of teaches it most. Nothing is written."
            ),
        )
        setEnabled(
            ui.cancelButton,
            "" if busy else _("No folder is being looked through."),
            _("Stop looking through the folder."),
        )
        ui.findProgressBar.visible = busy
        reason = ""
        if closed:
            reason = _("The scene is closed.")
        elif self._selected is None:
            reason = _("Select a scan in the table first; Find lists those of the folder.")
        setEnabled(ui.loadButton, reason, _("Load the scan, and make it the one to segment."))

    def _onFolderChanged(self, folder: str) -> None:
        self.update()

    def _onDoubleClicked(self, row: int, column: int) -> None:
        guarded(self._load)()

    @property
    def _selected(self) -> RankedScan | None:
        items = self._ui.scansTable.selectedItems()
        return self._scans[items[0].row()] if items else None

    def _find(self) -> None:
        reason = _("segment the scans of a folder")
        there = packagesAreThere(self._section.logic, LEARNING, reason, self._tell)
        chosen, ui = self._section.parameterNode, self._ui
        # The scene may have been closed while packages were installed.
        if not there or chosen is None:
            return
        ui.folderPathLineEdit.addCurrentPathToHistory()
        self._onProgress({})
        self._section.startJob(
            self._section.logic.rankJob(
                ui.folderPathLineEdit.currentPath,
                chosen.model,
                chosen.device,
                chosen.dataset,
                onProgress=self._onProgress,
                onFinished=self._show,
                onFailed=self._onFailed,
            )
        )

    def _cancel(self) -> None:
        self._section.cancelJob()
        self._tell(_("Cancelled: the table shows what was found before."))

    def _onProgress(self, report: dict[str, Any]) -> None:
        self._tell(showProgress(self._ui.findProgressBar, report))

    def _onFailed(self, error: Exception) -> None:
        self._tell("")
        showError(error)

    def _show(self, scans: list[RankedScan]) -> None:
        folder, table = Path(self._ui.folderPathLineEdit.currentPath), self._ui.scansTable
        with silent(table):
            self._scans = scans
            table.clearSelection()
            table.clearContents()
            table.rowCount = len(scans)
        for row, scan in enumerate(scans):
            inside = scan.path.is_relative_to(folder)
            name = str(scan.path.relative_to(folder) if inside else scan.path)
            uncertainty = ""
            if scan.uncertainty is not None:
                uncertainty = _("{percent} %").format(percent=round(100 * scan.uncertainty))
            text = "\n".join(filter(None, (name, _note(scan))))
            table.setItem(row, _SCAN, qt.QTableWidgetItem(text))
            table.setItem(row, _UNCERTAINTY, qt.QTableWidgetItem(uncertainty))
            table.item(row, _SCAN).setToolTip(plain(text))
        new = next((row for row, scan in enumerate(scans) if not (scan.error or scan.case)), None)
        if new is not None:
            table.selectRow(new)
        self._tell("")
        self.update()

    def _load(self) -> None:
        scan, chosen = self._selected, self._section.parameterNode
        if scan is None or chosen is None:
            return
        node = loadWithFurther(_loadVolume, scan.path, scan.further)
        # The segmentation of the scan before stays in the scene, but must not be filled from this.
        with slicer.util.NodeModify(chosen):
            chosen.segmentation, chosen.inputVolume = None, node

    def _tell(self, text: str) -> None:
        tell(self._ui.findLabel, text)


def _loadVolume(path: Path, show: bool):
    try:
        return slicer.util.loadVolume(str(path), {"show": show})
    except RuntimeError as error:
        raise UserError(
            f"{path.name} could not be loaded as a volume; open it with Add Data, which shows "
            "what Slicer makes of it."
        ) from error


def _note(scan: RankedScan) -> str:
    """What there is to know about a scan, in words."""
    if scan.error:
        return scan.error.replace(str(scan.path), scan.path.name)
    notes = list(scan.warnings)
    if scan.case:
        notes.insert(0, _("The dataset holds this image: {case}.").format(case=scan.case))
    return " ".join(notes)
