"""What a model found in a scan at a glance: volume and confidence of each label."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from ...prediction.segmentation import Segmented

_LABEL, _VOLUME, _CONFIDENCE = range(3)
_INDENT = "    "


class ResultTable:
    """Shows one result in a table widget, which is hidden while there is none."""

    def __init__(self, table) -> None:
        self._table = table
        header = table.horizontalHeader()
        header.setSectionResizeMode(_LABEL, qt.QHeaderView.Stretch)
        for column in (_VOLUME, _CONFIDENCE):
            header.setSectionResizeMode(column, qt.QHeaderView.ResizeToContents)
        table.verticalHeader().setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        # A name that takes two lines in a narrow panel makes the table higher.
        table.verticalHeader().connect("sectionResized(int,int,int)", lambda *_: self._fitHeight())

    def show(self, segmented: Segmented | None) -> None:
        """Show the labels of a result, every super-label before its parts; None hides them."""
        table = self._table
        table.visible = segmented is not None
        if segmented is None:
            return
        scheme = segmented.scheme
        roots = [label.name for label in scheme if label.parent is None]
        names = [name for root in roots for name in scheme.descendants(root)]
        table.rowCount = len(names)
        for row, name in enumerate(names):
            label, confidence = scheme[name], segmented.confidences.get(name)
            # A model need not tell every label of its scheme.
            volume = segmented.volumes.get(name)
            texts = (
                _INDENT * len(scheme.ancestors(name)) + label.title,
                _("not told") if volume is None else _rounded(volume),
                "" if confidence is None else _("{percent} %").format(percent=round(confidence)),
            )
            for column, text in enumerate(texts):
                item = qt.QTableWidgetItem(text)
                if column != _LABEL:
                    item.setTextAlignment(qt.Qt.AlignCenter)
                table.setItem(row, column, item)
            table.item(row, _LABEL).setData(qt.Qt.DecorationRole, qt.QColor(*label.colour))
        self._fitHeight()

    def _fitHeight(self) -> None:
        table = self._table
        rows = sum(map(table.rowHeight, range(table.rowCount)))
        # The header is not laid out before it is seen, and its hint is right then too.
        header = table.horizontalHeader().sizeHint.height()
        table.setFixedHeight(rows + header + 2 * table.frameWidth)


def _rounded(volume: float) -> str:
    return f"{volume:.0f}" if volume >= 10 else f"{volume:.1f}"
