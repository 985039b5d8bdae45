"""What is entered into CTK's line for paths."""

from __future__ import annotations

from collections.abc import Callable


def connectPath(pathLineEdit, onChanged: Callable[[str], object]) -> None:
    """Tell every path that is entered, and "" when the line is emptied.

    CTK's own signal for paths leaves the empty one out, because that is none.
    """
    pathLineEdit.connect("currentPathChanged(QString)", onChanged)
    pathLineEdit.connect("validInputChanged(bool)", lambda valid: None if valid else onChanged(""))
