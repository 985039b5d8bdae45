"""Selectors for the scans of further contrasts, of a model or a dataset."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import qt
import slicer
import slicer.util
from slicer.i18n import tr as _

from ..scene.furtherScans import REFERENCE_EVENTS, furtherScans, rememberFurther
from ..scene.volumes import helperVolumes
from .comboBox import hide
from .silent import silent


class FurtherScans(slicer.util.VTKObservationMixin):
    """A selector for each contrast after the first; none where there is but one.

    What is chosen is remembered with the scan, so that all sections show the same. `onChosen` is
    called when it is another one.
    """

    def __init__(self, widget, onChosen: Callable[[], object]) -> None:
        super().__init__()
        self._widget = widget
        self._onChosen = onChosen
        self._selectors: dict[str, object] = {}
        self._scan = None
        widget.visible = False

    def show(self, contrasts: Sequence[str], scan) -> None:
        """Have a selector for each of these contrasts, with what is known of this scan.

        None for no scan: nothing of the scene is followed then.
        """
        if list(self._selectors) != list(contrasts):
            self._make(contrasts)
        if scan is not self._scan:
            self._scan = scan
            self.removeObservers()
            if scan is not None:
                for event in REFERENCE_EVENTS:
                    self.addObserver(scan, event, self._remembered)
        self._update()
        self._widget.visible = bool(contrasts)

    @property
    def nodes(self) -> dict[str, object]:
        """The volume node of each contrast that is chosen."""
        chosen = {name: selector.currentNode() for name, selector in self._selectors.items()}
        return {name: node for name, node in chosen.items() if node is not None}

    def whyNot(self, needed: Sequence[str], lacking: str) -> str:
        """Why what is chosen cannot be used; empty if it can.

        `needed` are the contrasts that there have to be, `lacking` is the sentence where one is
        not, with {needed} and {contrast}.
        """
        chosen = {"": self._scan}
        for name, node in self.nodes.items():
            if node is self._scan:
                return _("{scan} is chosen as {contrast} and as the scan; choose another.").format(
                    scan=node.GetName(), contrast=name
                )
            twice = next((other for other, taken in chosen.items() if taken is node), None)
            if twice is not None:
                text = _("{scan} is chosen as {other} and as {contrast}; choose another.")
                return text.format(scan=node.GetName(), other=twice, contrast=name)
            chosen[name] = node
        missing = [name for name in needed[1:] if name not in chosen]
        return lacking.format(needed=", ".join(needed), contrast=missing[0]) if missing else ""

    def _remembered(self, caller=None, event=None) -> None:
        self._update()
        self._onChosen()

    def _update(self) -> None:
        known = furtherScans(self._scan) if self._scan is not None else {}
        for name, selector in self._selectors.items():
            if selector.currentNode() is not known.get(name):
                with silent(selector):
                    selector.setCurrentNode(known.get(name))

    def _choose(self, contrast: str, node) -> None:
        # The scan tells all selectors of it.
        if self._scan is not None:
            rememberFurther(self._scan, contrast, node)

    def _make(self, contrasts: Sequence[str]) -> None:
        layout = self._widget.layout()
        while layout.rowCount():
            layout.removeRow(0)
        self._selectors = {}
        for contrast in contrasts:
            selector = slicer.qMRMLNodeComboBox()
            selector.nodeTypes = ["vtkMRMLScalarVolumeNode"]
            selector.showChildNodeTypes = False
            selector.noneEnabled = True
            selector.addEnabled = False
            selector.removeEnabled = False
            selector.setSizePolicy(qt.QSizePolicy.Ignored, qt.QSizePolicy.Fixed)
            selector.setMRMLScene(slicer.mrmlScene)
            hide(selector, [node.GetID() for node in helperVolumes()])
            selector.toolTip = _(
                "The {contrast} of the same head, in the same space; it may have another grid."
            ).format(contrast=contrast)
            selector.connect(
                "currentNodeChanged(vtkMRMLNode*)",
                lambda node, contrast=contrast: self._choose(contrast, node),
            )
            # In the place of a scan that goes Slicer chooses one that happens to be beside it.
            selector.connect(
                "nodeAboutToBeRemoved(vtkMRMLNode*)",
                lambda node, selector=selector: (
                    selector.setCurrentNode(None) if node is selector.currentNode() else None
                ),
            )
            layout.addRow(_("{contrast}:").format(contrast=contrast), selector)
            self._selectors[contrast] = selector
