"""Slicer's 3D view, brought into sight and centred."""

from __future__ import annotations

import slicer


def showThreeDView() -> None:
    """Change to a layout that has a 3D view, unless the present one has, and centre it."""
    manager = slicer.app.layoutManager()
    shown = manager.layoutLogic().GetViewNodes()
    kinds = [shown.GetItemAsObject(row).GetClassName() for row in range(shown.GetNumberOfItems())]
    if "vtkMRMLViewNode" not in kinds:
        manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    manager.resetThreeDViews()
