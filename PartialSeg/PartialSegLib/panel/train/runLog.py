"""The end of a training's log, which is followed until the user scrolls back in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from partialseg_trainer.runs import RunFolder

_LINES = 300


class RunLog:
    """Shows the log of one run at a time in a text edit."""

    def __init__(self, textEdit) -> None:
        self._textEdit = textEdit
        self._run: RunFolder | None = None

    def show(self, run: RunFolder | None) -> None:
        """Show the last lines of a run's log; those of none are none."""
        # Here, because it needs packages that Slicer may lack.
        from partialseg_trainer.runs import read_log_tail

        bar = self._textEdit.verticalScrollBar()
        if run == self._run and bar.value < bar.maximum:
            return
        self._run = run
        text = read_log_tail(run, _LINES) if run is not None else ""
        if text != self._textEdit.plainText:
            self._textEdit.setPlainText(text)
            bar.value = bar.maximum
