"""Panel and views never mean different scans: the chosen one is shown, another one is told of."""

from __future__ import annotations

from collections.abc import Callable

import qt
import slicer
import slicer.util
import vtk

from ..scene.furtherScans import furtherScans
from ..scene.oneScan import belongTo, noScansInViews, scansInViews, showScan
from ..scene.segmentationNodes import scanOf
from .section import guarded


class ShownScan(slicer.util.VTKObservationMixin):
    """Shows what is chosen when the choice changes, and watches what the views show.

    `onOther` is called when the views begin or cease to show another one, which is `other` then: a
    scan, or what cannot be one (see `noScansInViews`).
    """

    def __init__(self, onOther: Callable[[], object]) -> None:
        super().__init__()
        self._onOther = onOther
        self._parameterNode = None
        self._shown: tuple | None = None
        self.other = None
        # Slicer sets one view after the other, and the panel one choice after the other.
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.connect("timeout()", guarded(self._bringTogether))

    def follow(self, parameterNode) -> None:
        """Follow these choices; None for none."""
        self.stop()
        self._parameterNode, self._shown, self.other = parameterNode, None, None
        if parameterNode is not None:
            self.addObserver(parameterNode, vtk.vtkCommand.ModifiedEvent, self.later)
            self.watchViews()

    def watchViews(self) -> None:
        """Watch the slice views that there are by now."""
        for view in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
            if not self.hasObserver(view, vtk.vtkCommand.ModifiedEvent, self.later):
                self.addObserver(view, vtk.vtkCommand.ModifiedEvent, self.later)
        self.later()

    def stop(self) -> None:
        """Watch no longer."""
        self._timer.stop()
        self.removeObservers()

    def later(self, caller=None, event=None) -> None:
        """Look when Qt is at work again."""
        if self._parameterNode is not None:
            self._timer.start()

    def show(self) -> None:
        """Show the chosen scan, whatever the views show."""
        self._shown = None
        self._bringTogether()

    def _bringTogether(self) -> None:
        chosen = self._parameterNode
        if chosen is None:
            return
        scan, segmentation, region = chosen.inputVolume, chosen.segmentation, chosen.region
        if scan is not None:
            for node in (segmentation, region):
                if node is not None:
                    belongTo(node, (scanOf(node) if node is segmentation else None) or scan)
            if (scan, segmentation, region) != self._shown:
                self._shown = (scan, segmentation, region)
                showScan(scan, segmentation, region)
        shown = scansInViews()
        other = None
        # Another contrast of this head is no other scan.
        same = {scan, *(furtherScans(scan).values() if scan is not None else ())}
        if not same.intersection(shown):
            # Of several the first one, and one that may be chosen before one that may not.
            found = [*(shown if scan is not None else ()), *noScansInViews()]
            other = found[0] if found else None
        if other is not self.other:
            self.other = other
            self._onOther()
