"""Volumes beside published ones: the age and the table that it takes, and the chart in a window."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer.util
from slicer.i18n import tr as _

from partialseg_trainer.errors import UserError
from partialseg_trainer.weeks import checked_weeks

from ...prediction.growth import ageJob, growthJob
from ...prediction.segmentation import Segmented
from ...scene.labelSegments import LabelSegments
from ...scene.scanMemory import ageOf, rememberAge
from ..pathLine import connectPath
from ..pollTimer import PollTimer
from ..section import guarded, setEnabled, showError
from ..told import tell

_POLL_MS = 50
_WIDTH = 900


class GrowthChart:
    """A folded box below a result, which nobody has to open.

    `segmentationOf` gives the chosen segmentation node, whose volumes are drawn, or None.
    """

    def __init__(self, ui, segmentationOf: Callable[[], Any]) -> None:
        self._ui = ui
        self._segmentationOf = segmentationOf
        self._segmented: Segmented | None = None
        self._scan = None
        self._window = None
        self._job = PollTimer(_POLL_MS, self._update, showError)
        self._lookUp = PollTimer(_POLL_MS, self._update, showError)
        connectPath(ui.normsPathLineEdit, guarded(lambda _path: self._update()))
        ui.ageLineEdit.connect("textChanged(QString)", guarded(lambda _text: self._update()))
        ui.growthButton.connect("clicked()", guarded(self._draw))
        ui.growthGroupBox.visible = False
        tell(ui.growthLabel, "")
        self._update()

    def show(self, segmented: Segmented | None, scan) -> None:
        """Offer the chart of a result; None hides the box."""
        if segmented is self._segmented and scan is self._scan:
            return
        self.cancel()
        self._segmented, self._scan = segmented, scan
        self._ui.growthGroupBox.visible = segmented is not None
        tell(self._ui.growthLabel, "")
        if segmented is not None:
            self._showAge(ageOf(scan))
            self._lookForAge()
        self._update()

    def cancel(self) -> None:
        """Draw no further."""
        self._job.cancel()
        self._lookUp.cancel()

    def _showAge(self, weeks: float | None) -> None:
        self._ui.ageLineEdit.text = "" if weeks is None else f"{weeks:.4g}"

    def _lookForAge(self) -> None:
        """In the tables beside the scan, as long as nobody has entered one."""
        if self._ui.ageLineEdit.text:
            return

        def found(weeks: float | None) -> None:
            if not self._ui.ageLineEdit.text:
                self._showAge(weeks)

        job = ageJob(self._scan, found, lambda error: tell(self._ui.growthLabel, str(error)))
        if job is not None:
            self._lookUp.start(job)

    def _update(self) -> None:
        ui = self._ui
        setEnabled(
            ui.growthButton,
            self._whyNot(),
            _(
                "Draw the volume of each label, as it is now, over the range that the table has by "
                "age. Nothing is said of what that means for a child."
            ),
        )

    def _whyNot(self) -> str:
        if self._segmented is None:
            return _("Segment a scan first.")
        if self._segmentationOf() is None:
            return _("Choose the scan's segmentation first, in the section Labels.")
        if self._job.busy:
            return _("The chart is being drawn.")
        try:
            weeksIn(self._ui.ageLineEdit.text)
        except UserError as error:
            return str(error)
        if not os.path.isfile(self._ui.normsPathLineEdit.currentPath):
            return _(
                "Choose a table of published volumes. None of children comes along; the "
                "documentation, Volumes by age, tells its form."
            )
        return ""

    def _draw(self) -> None:
        # The segmentation, or the table, may be gone since the last look.
        if self._whyNot():
            self._update()
            return
        weeks = weeksIn(self._ui.ageLineEdit.text)
        rememberAge(self._scan, weeks)
        self._ui.normsPathLineEdit.addCurrentPathToHistory()
        scheme = self._segmented.scheme
        segments = LabelSegments(self._segmentationOf(), scheme)
        # As corrected meanwhile; but not of labels that the model does not tell.
        volumes = {
            name: segments.volume(name)
            for name in self._segmented.volumes
            if name in segments.ids and segments.volume(name) is not None
        }
        tell(self._ui.growthLabel, "")
        self._job.start(
            growthJob(
                volumes,
                scheme,
                self._ui.normsPathLineEdit.currentPath,
                weeks,
                onFinished=self._showPicture,
                onFailed=lambda error: tell(self._ui.growthLabel, str(error)),
            )
        )
        self._update()

    def _showPicture(self, path: Path) -> None:
        pixmap = qt.QPixmap(str(path))
        label = qt.QLabel()
        label.setPixmap(pixmap.scaledToWidth(_WIDTH, qt.Qt.SmoothTransformation))
        self._window = window = qt.QDialog(slicer.util.mainWindow())
        window.setWindowTitle(_("Volumes beside published ones"))
        qt.QVBoxLayout(window).addWidget(label)
        window.show()


def weeksIn(text: str) -> float:
    """A post-menstrual age as clinicians write it: 38.5, or 38+4 for weeks and days.

    Raises UserError for what is none.
    """
    days = re.fullmatch(r"\s*(\d{1,2})\s*\+\s*([0-6])\s*", text)
    try:
        weeks = int(days[1]) + int(days[2]) / 7 if days else float(text.replace(",", "."))
    except ValueError as error:
        raise UserError(
            _("Enter the age in weeks since the mother's last period, such as 38.5 or 38+4.")
        ) from error
    return checked_weeks(weeks, _("The age"))
