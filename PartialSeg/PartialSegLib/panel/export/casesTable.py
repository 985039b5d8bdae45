"""The cases of a dataset against its labels: what is annotated in each."""

from __future__ import annotations

from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from partialseg_trainer.labels import Status

from ...dataset.content import DatasetCase, DatasetContent, isNewDataset
from ...engine.jobs import JobFailed
from ...engine.packages import FILES
from ..packagesRequest import packagesAreThere
from ..plainText import plain
from ..pollTimer import PollTimer
from ..section import guarded, setEnabled, showError
from ..statusNames import STATUS_NAMES

_POLL_MS = 50
# A path comes letter by letter when it is typed.
_TYPING_MS = 400
# Told apart by their shape.
_SYMBOLS = {
    Status.COMPLETE: "\N{BLACK CIRCLE}",
    Status.IN_PROGRESS: "\N{CIRCLE WITH LEFT HALF BLACK}",
    Status.ABSENT: "\N{WHITE CIRCLE}",
    Status.NOT_ANNOTATED: "",
}


class CasesTable:
    """Lists the cases of the dataset in a folder, and says what keeps it from being listed.

    `onChanged` is called when other content or another selection is shown. `content` is None while
    the folder is no dataset yet, cannot be read, or is being read; `problem` says why it is none.
    """

    def __init__(self, ui, logic, onChanged: Callable[[], object]) -> None:
        self._ui = ui
        self._logic = logic
        self._onChanged = onChanged
        self._folder: str | None = None
        self._selectAfterwards = ""
        self.content: DatasetContent | None = None
        self.problem = ""
        self._jobTimer = PollTimer(_POLL_MS, lambda: None, showError)
        self._typingTimer = qt.QTimer()
        self._typingTimer.setSingleShot(True)
        self._typingTimer.setInterval(_TYPING_MS)
        self._typingTimer.connect("timeout()", guarded(self._read))
        ui.casesLegendLabel.text = "    ".join(
            f"{symbol or _('empty')}: {STATUS_NAMES[status].lower()}"
            for status, symbol in _SYMBOLS.items()
        )
        ui.casesTable.connect("itemSelectionChanged()", self._onSelected)
        ui.casesTable.connect("itemDoubleClicked(QTableWidgetItem*)", guarded(self._openFolder))
        ui.openFolderButton.connect("clicked(bool)", guarded(self._openFolder))
        ui.refreshButton.connect("clicked(bool)", guarded(self._onRefresh))

    @property
    def selected(self) -> DatasetCase | None:
        """The selected case."""
        row = self._ui.casesTable.currentRow()
        return self.content.cases[row] if self.content is not None and row >= 0 else None

    def setFolder(self, folder: str) -> None:
        """Show the dataset of another folder."""
        if folder != self._folder:
            self.stop()
            self._folder, self._selectAfterwards = folder, ""
            self._show(None)
            self._typingTimer.start()

    def refresh(self, select: str = "") -> None:
        """Read the dataset anew, and then select the case of this name."""
        self._selectAfterwards = select
        self._read()

    def stop(self) -> None:
        """Read no further."""
        self._typingTimer.stop()
        self._jobTimer.cancel()

    def _onRefresh(self, checked: bool) -> None:
        if packagesAreThere(self._logic, FILES, _("list the cases of a dataset"), self._say):
            self.refresh()

    def _read(self) -> None:
        self.stop()
        if not self._folder or isNewDataset(self._folder):
            self._show(None)
        elif self._logic.missingPackages(FILES):
            # Choosing a folder is no reason to ask for an installation.
            self._show(None)
            self._say(_("Press Refresh to list the cases; Python packages are needed for that."))
        else:
            self._jobTimer.start(
                self._logic.casesJob(self._folder, onFinished=self._show, onFailed=self._onFailed)
            )

    def _onFailed(self, error: JobFailed) -> None:
        self._show(None, str(error))

    def _show(self, content: DatasetContent | None, problem: str = "") -> None:
        self.content, self.problem = content, problem
        table = self._ui.casesTable
        wasBlocked = table.blockSignals(True)
        try:
            table.clear()
            self._fill(content)
        finally:
            table.blockSignals(wasBlocked)
        self._say(problem or self._state())
        self._onSelected()

    def _fill(self, content: DatasetContent | None) -> None:
        table = self._ui.casesTable
        # Super-labels first: what is annotated in part is annotated there.
        labels = sorted(content.scheme if content else (), key=lambda label: not label.children)
        cases = content.cases if content else ()
        table.rowCount, table.columnCount = len(cases), 1 + len(labels)
        table.setHorizontalHeaderLabels([_("Case"), *(label.name for label in labels)])
        for column, label in enumerate(labels, start=1):
            table.horizontalHeaderItem(column).setToolTip(plain(label.title))
        for row, case in enumerate(cases):
            table.setItem(row, 0, _caseItem(case))
            for column, label in enumerate(labels, start=1):
                table.setItem(row, column, _statusItem(label.title, case.status[label.name]))
            if case.name == self._selectAfterwards:
                table.selectRow(row)
        table.resizeColumnsToContents()

    def _state(self) -> str:
        if self.content is None:
            if not self._folder:
                return _("Choose the folder of a dataset to see its cases.")
            if isNewDataset(self._folder):
                return _("The first export makes a dataset of this folder.")
            return _("Reading the dataset...")
        complete = sum(case.fullyKnown for case in self.content.cases)
        text = _("Cases: {count}; known in every voxel: {complete}.").format(
            count=len(self.content.cases), complete=complete
        )
        return "\n".join([text, *self.content.problems])

    def _say(self, text: str) -> None:
        self._ui.casesStatusLabel.text = text

    def _onSelected(self) -> None:
        setEnabled(
            self._ui.openFolderButton,
            "" if self.selected else _("Select a case of the table first."),
            _("Show the files of the selected case."),
        )
        setEnabled(
            self._ui.refreshButton,
            "" if self._folder else _("Choose the folder of a dataset first."),
            _("Read the dataset anew, for cases that others have added."),
        )
        self._onChanged()

    def _openFolder(self, clicked) -> None:
        case = self.selected
        folder = self.content.folder / f"sub-{case.subject}"
        if case.session is not None:
            folder /= f"ses-{case.session}"
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(folder)))


def _caseItem(case: DatasetCase):
    item = qt.QTableWidgetItem(case.name)
    told = _("Annotated by {annotator}, exported on {date}.").format(
        annotator=case.annotator or _("somebody"), date=f"{case.date.astimezone():%Y-%m-%d}"
    )
    item.setToolTip(plain(told))
    return item


def _statusItem(title: str, status: Status):
    item = qt.QTableWidgetItem(_SYMBOLS[status])
    item.setTextAlignment(qt.Qt.AlignCenter)
    told = _("{label}: {status}").format(label=title, status=STATUS_NAMES[status].lower())
    item.setToolTip(plain(told))
    return item
