"""Observers of VTK objects that end with the Qt object that they serve."""

from __future__ import annotations

from collections.abc import Callable

import vtk
from PySide6 import QtCore


class Observations:
    """The observers of one Qt object."""

    def __init__(self, owner: QtCore.QObject) -> None:
        self._held: list[tuple[vtk.vtkObject, int]] = []
        owner.destroyed.connect(lambda *unused: self.removeAll())

    def add(self, observed: vtk.vtkObject, event, callback: Callable) -> None:
        self._held.append((observed, observed.AddObserver(event, callback)))

    def remove(self, observed: vtk.vtkObject | None) -> None:
        """End all observers of one object."""
        for entry in [each for each in self._held if each[0] is observed]:
            observed.RemoveObserver(entry[1])
            self._held.remove(entry)

    def removeAll(self) -> None:
        for observed, tag in self._held:
            observed.RemoveObserver(tag)
        self._held = []
