"""Dialogs that would wait for a person: recorded, and answered as a test says beforehand."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import NoReturn

from PySide6 import QtWidgets

from .enums import EnumValue
from .signals import errors
from .wrapping import instead

_SEVERITIES = {0: "none", 1: "information", 2: "warning", 3: "critical", 4: "question"}


@dataclass(frozen=True)
class Message:
    """A message box that the panel showed: its severity ("critical", ...), title and texts."""

    severity: str
    title: str
    text: str
    details: str
    answer: str


class Dialogs:
    """What was shown so far, and what the next dialogs get for an answer.

    A message with a single button answers itself. One with a choice, or a file dialog, for which no
    answer was given raises AssertionError: in Slicer it would wait for ever.
    """

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.opened: list[str] = []
        self._answers: deque[str] = deque()
        self._paths: deque[str] = deque()

    def answer(self, *buttons: str) -> None:
        """Press these buttons ("Yes", "No", "Ok", "Cancel", ...) in the next questions."""
        self._answers.extend(buttons)

    def choose(self, *paths) -> None:
        """Choose these files or folders in the next file dialogs; None or "" to cancel."""
        self._paths.extend(str(path) if path else "" for path in paths)

    @property
    def errors(self) -> list[Message]:
        """The critical messages."""
        return [each for each in self.messages if each.severity == "critical"]

    def forget(self) -> None:
        """Begin anew; for the next test."""
        self.__init__()

    def showMessage(self, box: QtWidgets.QMessageBox) -> EnumValue:
        """Record a message box and press its button."""
        kinds = QtWidgets.QMessageBox.StandardButton
        offered = [each for each in kinds if each != kinds.NoButton and box.button(each)]
        if len(offered) <= 1:
            pressed = offered[0] if offered else kinds.Ok
        else:
            wanted = self._next(self._answers, f"the question '{box.text()}'")
            pressed = next((each for each in offered if each.name == wanted), None)
            names = ", ".join(each.name for each in offered)
            if pressed is None:
                _refuse(f"there is no button '{wanted}' in '{box.text()}' but {names}")
        self.messages.append(
            Message(
                severity=_SEVERITIES[box.icon().value],
                title=box.windowTitle().strip(),
                text=box.text(),
                details=box.detailedText(),
                answer=pressed.name,
            )
        )
        return EnumValue(pressed)

    def nextPath(self, title: str) -> str:
        return self._next(self._paths, f"the file dialog '{title}'")

    @staticmethod
    def _next(waiting: deque[str], title: str) -> str:
        if not waiting:
            _refuse(f"{title} would wait for a person; tell the stand-in the answer beforehand")
        return waiting.popleft()


dialogs = Dialogs()


def _refuse(message: str) -> NoReturn:
    """Let the test fail, whoever catches the exception."""
    error = AssertionError(message)
    errors.append(error)
    raise error


def _exec(wrapper, *arguments):
    box = wrapper.qtObject
    if isinstance(box, QtWidgets.QMessageBox):
        return dialogs.showMessage(box)
    _refuse(f"{wrapper.className()}.exec() would wait for a person")


def _static(severity: str, fallback: tuple[str, ...]):
    def show(parent, title: str, text: str, buttons=None, default=None):
        icon = getattr(QtWidgets.QMessageBox.Icon, severity)
        kinds = QtWidgets.QMessageBox.StandardButton
        chosen = kinds.NoButton
        for name in fallback:
            chosen |= kinds[name]
        if buttons is not None:
            chosen = buttons.member
        box = QtWidgets.QMessageBox(icon, title, text, chosen)
        return dialogs.showMessage(box)

    return show


def _pathDialog(parent=None, title: str = "", *unused) -> str:
    return dialogs.nextPath(title)


def _pathsDialog(parent=None, title: str = "", *unused) -> tuple[str, ...]:
    path = dialogs.nextPath(title)
    return (path,) if path else ()


def _openUrl(url) -> bool:
    dialogs.opened.append(url.toString())
    return True


for _class in ("QDialog", "QMenu"):
    instead[_class, "exec"] = _exec
for _name, _severity, _buttons in (
    ("information", "Information", ("Ok",)),
    ("warning", "Warning", ("Ok",)),
    ("critical", "Critical", ("Ok",)),
    ("question", "Question", ("Yes", "No")),
):
    instead["QMessageBox", _name] = _static(_severity, _buttons)
for _name in ("getOpenFileName", "getSaveFileName", "getExistingDirectory"):
    instead["QFileDialog", _name] = _pathDialog
instead["QFileDialog", "getOpenFileNames"] = _pathsDialog
instead["QDesktopServices", "openUrl"] = _openUrl
