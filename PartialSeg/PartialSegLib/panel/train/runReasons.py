"""Why something cannot be done with a training right now; an empty text where it can."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slicer.i18n import tr as _

if TYPE_CHECKING:
    from partialseg_trainer.runs import RunReading, RunStatus


def notStopped(reading: RunReading | None) -> str:
    """Why the run cannot be asked to stop."""
    status = _status(reading)
    if status is None or not status.active:
        return _notRead(reading) or _("This run is not at work.")
    if status.state.value == "stopping":
        return _("This run has been asked to stop, and is saving what it has learned.")
    return ""


def notEnded(reading: RunReading | None) -> str:
    """Why the run cannot be ended at once."""
    status = _status(reading)
    if status is None or not status.active:
        return _notRead(reading) or _("This run is not at work.")
    if status.elsewhere:
        return _("This run is at work on the computer {host}; end it there, or use Stop.").format(
            host=status.host
        )
    return ""


def notResumed(reading: RunReading | None) -> str:
    """Why the run cannot go on."""
    if reading is None:
        return _notRead(reading)
    # A run whose status is damaged can be resumed once that file is away, as `problem` says.
    status = reading.status
    if status is None:
        return reading.problem
    if status.active:
        return _("This run is at work.")
    if status.state.value == "finished":
        return _("This run is finished; start a training from its model to go on.")
    return ""


def notPlotted(reading: RunReading | None) -> str:
    """Why there is nothing to plot."""
    if reading is None:
        return _notRead(reading)
    if not reading.run.metrics_file.is_file():
        return _("This run has no figures yet; they come with the end of its first epoch.")
    return ""


def notUsed(reading: RunReading | None) -> str:
    """Why there is no model to use."""
    if reading is None:
        return _notRead(reading)
    if not (reading.run.model / "model.json").is_file():
        return _("This run has no model yet; it is written when the training ends or is stopped.")
    return ""


def notOpened(reading: RunReading | None) -> str:
    """Why there is no folder to open."""
    return _notRead(reading) if reading is None else ""


def _status(reading: RunReading | None) -> RunStatus | None:
    return None if reading is None else reading.status


def _notRead(reading: RunReading | None) -> str:
    return _("Select a run in the table first.") if reading is None else reading.problem
