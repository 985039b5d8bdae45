"""What every section of the panel has in common."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import qt
import slicer
import slicer.util
import vtk
from slicer.i18n import tr as _

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme

from ..engine.jobs import Job, JobFailed
from ..resources import RESOURCES
from .plainText import plain, showPlainText
from .pollTimer import PollTimer

_POLL_MS = 50
# Slicer's own least width of a module panel, less margins and scroll bar.
_LEAST_WIDTH = 250


class Section(slicer.util.VTKObservationMixin):
    """A part of the panel: its widgets, and what they do with the parameter node.

    Subclasses name their .ui file in `uiName`, connect signals in `setup` and bring widgets up to
    date in `update`, which runs whenever the parameter node changes. All that sections share goes
    through the parameter node and `logic`. Closing the scene ends the job at work, unless the
    subclass says with `jobNeedsScene` that it has nothing to do with the scene.
    """

    uiName = ""
    jobNeedsScene = True

    def __init__(self, logic) -> None:
        super().__init__()
        self.logic = logic
        self.parameterNode = None
        # What the views show instead of the chosen scan; None while both are the same.
        self.otherScan = None
        self._guiTag = None
        self._entered = False
        self.widget = slicer.util.loadUI(str(RESOURCES / "UI" / f"{self.uiName}.ui"))
        showPlainText(self.widget)
        self.widget.setMRMLScene(slicer.mrmlScene)
        self.ui = slicer.util.childWidgetVariables(self.widget)
        _takeTheRoomThereIs(self.widget)
        for table in self.widget.findChildren("QTableWidget"):
            # Tab would go from cell to cell, and never leave the table.
            table.tabKeyNavigation = False
        self._jobTimer = PollTimer(_POLL_MS, self.jobChanged, showError)
        self.setup()

    def setup(self) -> None:
        """Connect signals; called once."""

    def update(self, caller=None, event=None) -> None:
        """Show what the parameter node says; called with `parameterNode` set."""

    def enter(self) -> None:
        """The module is opened."""
        self._entered = True

    def exit(self) -> None:
        """Another module is opened."""
        self._entered = False

    def cleanup(self) -> None:
        """The module is about to be unloaded."""
        self.cancelJob()
        self.setParameterNode(None)

    def setParameterNode(self, parameterNode) -> None:
        """Follow another parameter node; None while the scene is closed."""
        if self.parameterNode is not None:
            self.parameterNode.disconnectGui(self._guiTag)
            self.removeObserver(self.parameterNode, vtk.vtkCommand.ModifiedEvent, self.update)
        self.parameterNode = parameterNode
        if parameterNode is not None:
            self._guiTag = parameterNode.connectGui(self.ui)
            self.addObserver(parameterNode, vtk.vtkCommand.ModifiedEvent, self.update)
            self.update()
            return
        if self.jobNeedsScene:
            self.cancelJob()
        # Or what was ever observed would stay in memory, voxels and all.
        self.removeObservers()

    @property
    def foldingButton(self):
        """The title that unfolds the section; None where it cannot be folded."""
        return next(iter(self.widget.findChildren("ctkCollapsibleButton")), None)

    @property
    def scheme(self) -> LabelScheme:
        """The chosen label scheme. Raises UserError when its file cannot be used."""
        return self.logic.scheme(self.parameterNode.scheme)

    @property
    def busy(self) -> bool:
        """Whether a job of this section is at work."""
        return self._jobTimer.busy

    def startJob(self, job: Job) -> None:
        """Watch a job until it is over; `jobChanged` is called then."""
        self._jobTimer.start(job)

    def cancelJob(self) -> None:
        """End the job at work, if there is one."""
        self._jobTimer.cancel()

    def jobChanged(self) -> None:
        """A job began or is over; bring progress bar and buttons up to date."""


class FollowingSection(Section):
    """A section that follows the scene while the module is open, and observes nothing else."""

    def stopFollowing(self) -> None:
        """Observe nothing of the scene any more, and end what that began."""
        raise NotImplementedError

    def enter(self) -> None:
        super().enter()
        self.update()

    def exit(self) -> None:
        super().exit()
        self.stopFollowing()

    def cleanup(self) -> None:
        self.exit()
        super().cleanup()


def _takeTheRoomThereIs(widget) -> None:
    """Let a section be as wide as the dock, whatever it shows.

    Slicer's dock follows the size hint of its content, and does not shrink when the hint does: a
    hint that depends on texts or tables would take the views' place for ever.
    """
    for content in widget.children():
        if content.isWidgetType():
            content.setSizePolicy(qt.QSizePolicy.Ignored, qt.QSizePolicy.Preferred)
            content.setMinimumWidth(_LEAST_WIDTH)


def setEnabled(widget, reason: str, toolTip: str) -> None:
    """Enable a widget, or disable it for a `reason` that its tooltip then gives."""
    widget.enabled = not reason
    widget.toolTip = plain(reason or toolTip)


def showError(error: Exception) -> None:
    """Show a sentence to the user; what only a developer understands goes into the details."""
    if isinstance(error, JobFailed):
        slicer.util.errorDisplay(plain(str(error)), detailedText=str(error.details.get("log", "")))
    elif isinstance(error, UserError):
        slicer.util.errorDisplay(plain(str(error)))
    else:
        details = "".join(traceback.format_exception(error))
        slicer.util.errorDisplay(
            _("PartialSeg met an unexpected error; the details help whoever maintains it."),
            detailedText=details,
        )


def guarded(function: Callable) -> Callable:
    """Let a slot show what goes wrong in it, instead of leaving it to the Python console."""

    def slot(*arguments):
        try:
            return function(*arguments)
        except Exception as error:
            showError(error)

    return slot
