"""The cases of a dataset against its labels: what is annotated in each."""

from __future__ import annotations

from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from partialseg_trainer.labels import LabelScheme, Status

from ...dataset.content import DatasetCase, DatasetContent, isNewDataset
from ...engine.jobs import JobFailed
from ...engine.packages import FILES
from ..packagesRequest import packagesAreThere
from ..plainText import plain
from ..pollTimer import PollTimer
from ..section import guarded, setEnabled, showError
from ..silent import silent
from ..statusNames import STATUS_NAMES, STATUS_SYMBOLS

_POLL_MS = 50
# A path comes letter by letter when it is typed.
_TYPING_MS = 400
# What is listed of a case, the most useful first; all other labels are not annotated.
_LISTED = (Status.COMPLETE, Status.IN_PROGRESS, Status.ABSENT)


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
            f"{STATUS_SYMBOLS[status]}\N{NO-BREAK SPACE}{STATUS_NAMES[status].lower()}"
            for status in _LISTED
        )
        table = ui.casesTable
        table.columnCount = 2
        table.setHorizontalHeaderLabels([_("Case"), _("Annotated labels")])
        table.horizontalHeader().setSectionResizeMode(0, qt.QHeaderView.ResizeToContents)
        table.horizontalHeader().setSectionResizeMode(1, qt.QHeaderView.Stretch)
        table.verticalHeader().setSectionResizeMode(qt.QHeaderView.ResizeToContents)
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
        if content is not None and self.selected is not None and not self._selectAfterwards:
            self._selectAfterwards = self.selected.name
        self.content, self.problem = content, problem
        with silent(self._ui.casesTable):
            self._fill(content)
        if content is not None:
            self._selectAfterwards = ""
        self._say(problem or self._state())
        self._onSelected()

    def _fill(self, content: DatasetContent | None) -> None:
        table = self._ui.casesTable
        table.clearSelection()
        table.setCurrentCell(-1, -1)
        table.clearContents()
        cases = content.cases if content else ()
        table.rowCount = len(cases)
        for row, case in enumerate(cases):
            table.setItem(row, 0, _caseItem(case))
            table.setItem(row, 1, _labelsItem(case, content.scheme))
            if case.name == self._selectAfterwards:
                table.selectRow(row)

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


def _labelsItem(case: DatasetCase, scheme: LabelScheme):
    """The labels that something is said of, a line for each status; super-labels first."""
    labels = sorted(scheme, key=lambda label: not label.children)
    lines = []
    for status in _LISTED:
        titles = [label.title for label in labels if case.status[label.name] is status]
        if len(titles) == len(labels):
            titles = [_("all labels")]
        if titles:
            lines.append(f"{STATUS_SYMBOLS[status]} " + ", ".join(titles))
    item = qt.QTableWidgetItem("\n".join(lines))
    told = (
        _("{label}: {status}").format(
            label=label.title, status=STATUS_NAMES[case.status[label.name]].lower()
        )
        for label in labels
    )
    item.setToolTip(plain("\n".join(told)))
    return item
