"""What a section tells in quiet lines, and how far its job is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slicer.i18n import tr as _

from ..engine.durations import timeLeft


def tell(label, text: str) -> None:
    """Show a text in a label, which takes no room while there is nothing to tell."""
    label.text = text
    label.visible = bool(text)


def showProgress(bar, report: Mapping[str, Any]) -> str:
    """Show in a bar how far a job is, and return what it is doing and for how long, in words.

    `report` is what a Job's `onProgress` gets; all of it may be missing.
    """
    fraction, left = report.get("fraction"), report.get("eta_seconds")
    # A bar without an end moves to and fro: nothing is known yet.
    bar.setRange(0, 0 if fraction is None else 100)
    bar.value = round(100 * (fraction or 0))
    stage = report.get("stage") or _("Starting")
    if left is None:
        return stage
    return _("{stage}, {time}").format(stage=stage, time=timeLeft(left))
