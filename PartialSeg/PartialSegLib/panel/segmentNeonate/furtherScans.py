"""The scans of further contrasts that the chosen model is shown."""

from __future__ import annotations

from collections.abc import Callable

import qt
import slicer
from slicer.i18n import tr as _

from ...engine.models import ModelCard
from ...scene.volumes import helperVolumes
from ..comboBox import hide


class FurtherScans:
    """A selector for each contrast of the model after the first; none for most models.

    `onChosen` is called when the user picks another scan.
    """

    def __init__(self, widget, onChosen: Callable[[], object]) -> None:
        self._widget = widget
        self._onChosen = onChosen
        self._selectors: dict[str, object] = {}
        self._scan = None
        widget.visible = False

    def show(self, contrasts: tuple[str, ...], scan) -> None:
        """Have a selector for each of these contrasts; another scan begins with none chosen."""
        if tuple(self._selectors) != contrasts:
            self._make(contrasts)
        if scan is not self._scan:
            self._scan = scan
            for selector in self._selectors.values():
                selector.setCurrentNode(None)
        self._widget.visible = bool(contrasts)

    @property
    def nodes(self) -> dict[str, object]:
        """The volume node of each contrast that is chosen."""
        chosen = {name: selector.currentNode() for name, selector in self._selectors.items()}
        return {name: node for name, node in chosen.items() if node is not None}

    def whyNot(self, card: ModelCard) -> str:
        """Why a model cannot be shown what is chosen; empty if it can."""
        for name, node in self.nodes.items():
            if node is self._scan:
                return _("{scan} is chosen as {contrast} and as the scan; choose another.").format(
                    scan=node.GetName(), contrast=name
                )
        lacking = [name for name in card.contrasts[1:] if name not in self.nodes]
        if lacking and not card.doesWithout:
            return _("The model needs {needed}; choose the {contrast} of this scan.").format(
                needed=", ".join(card.contrasts), contrast=lacking[0]
            )
        return ""

    def _make(self, contrasts: tuple[str, ...]) -> None:
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
            selector.connect("currentNodeChanged(vtkMRMLNode*)", lambda _node: self._onChosen())
            layout.addRow(_("{contrast}:").format(contrast=contrast), selector)
            self._selectors[contrast] = selector
