"""The tree of labels: colour, name, status, volume, and whether the segment is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import qt
from slicer.i18n import tr as _

from partialseg_trainer.labels import Status

from ...annotation.labelTable import LabelRow
from ...resources import RESOURCES
from ..room import Room, wrapNames
from ..section import setEnabled
from ..silent import silent
from ..statusNames import STATUS_NAMES, STATUS_SYMBOLS

_NAME, _STATUS, _VOLUME, _SHOW = range(4)
_ICONS = RESOURCES / "Icons"
_SWATCH_PIXELS = 14
# Above this the tree scrolls, so that the buttons below stay in sight.
_LARGEST_HEIGHT = 520
# As many letters leave room for the names of statuses.
_WORDS = 50


class LabelTree:
    """Shows label rows in a tree widget and says what the user does with them.

    `onSelected` and `onActivated` (a double click) are called without arguments, `onStatus` with a
    row and the status chosen for it, `onShow` with a row and whether to show its segment.
    `whyNotStatus` tells for a row and a status why it cannot have it, in a sentence or "".
    """

    def __init__(
        self,
        tree,
        *,
        onSelected: Callable[[], object],
        onActivated: Callable[[], object],
        onStatus: Callable[[LabelRow, Status], object],
        onShow: Callable[[LabelRow, bool], object],
        whyNotStatus: Callable[[LabelRow, Status], str],
    ) -> None:
        self._tree = tree
        self._onStatus = onStatus
        self._onShow = onShow
        self._whyNotStatus = whyNotStatus
        self._rows: dict[str, LabelRow] = {}
        self._items: dict[str, object] = {}
        self._statusButtons: dict[str, object] = {}
        self._showButtons: dict[str, object] = {}
        self._visible = qt.QIcon(str(_ICONS / "Visible.png"))
        self._hidden = qt.QIcon(str(_ICONS / "Hidden.png"))
        header = tree.header()
        header.setSectionResizeMode(_NAME, qt.QHeaderView.Stretch)
        for column in (_STATUS, _VOLUME, _SHOW):
            header.setSectionResizeMode(column, qt.QHeaderView.ResizeToContents)
        self._room = Room(tree, header, self._onRoomChanged)
        self._worded = None
        for signal in ("itemExpanded(QTreeWidgetItem*)", "itemCollapsed(QTreeWidgetItem*)"):
            tree.connect(signal, lambda *_: self._fitHeight())
        tree.connect("itemSelectionChanged()", onSelected)
        tree.connect("itemDoubleClicked(QTreeWidgetItem*,int)", lambda *_: onActivated())

    @property
    def rows(self) -> list[LabelRow]:
        """What is shown, from top to bottom."""
        return list(self._rows.values())

    @property
    def selected(self) -> LabelRow | None:
        """The selected row."""
        item = self._tree.currentItem()
        return self._rows.get(item.data(_NAME, qt.Qt.UserRole)) if item else None

    def select(self, name: str) -> None:
        """Select the row of a label."""
        self._tree.setCurrentItem(self._items[name])

    def show(self, rows: Sequence[LabelRow]) -> None:
        """Bring the tree up to date; selection and folding stay as long as the labels do."""
        places = [(row.name, row.depth) for row in rows]
        others = places != [(row.name, row.depth) for row in self._rows.values()]
        # Most of what is told changes a row or none, and filling and measuring all is felt.
        changed = [row for row in rows if others or row != self._rows.get(row.name)]
        if not others and not changed:
            return
        with self._room.toldOnce():
            if others:
                self._rebuild(rows)
            self._rows = {row.name: row for row in rows}
            for row in changed:
                self._fill(row)

    def showVolume(self, name: str, volume: float | None) -> None:
        """Write the volume of a label, in mL; None where there is none to tell."""
        item, text = self._items[name], "" if volume is None else f"{volume:.2f}"
        # A new text lets Qt lay out the tree anew.
        if item.text(_VOLUME) != text:
            item.setText(_VOLUME, text)

    def _rebuild(self, rows: Sequence[LabelRow]) -> None:
        with silent(self._tree):
            self._tree.clear()
            self._rows, self._items, self._statusButtons, self._showButtons = {}, {}, {}, {}
            self._addItems(rows)

    def _addItems(self, rows: Sequence[LabelRow]) -> None:
        above = [self._tree.invisibleRootItem()]
        for row in rows:
            item = qt.QTreeWidgetItem()
            above[row.depth].addChild(item)
            above[row.depth + 1 :] = [item]
            item.setData(_NAME, qt.Qt.UserRole, row.name)
            # A whole number means the same to Qt 5 and 6, where setTextAlignment takes other types.
            right = int(qt.Qt.AlignRight) | int(qt.Qt.AlignVCenter)
            item.setData(_VOLUME, qt.Qt.TextAlignmentRole, right)
            self._items[row.name] = item
            self._statusButtons[row.name] = self._addStatusButton(item, row.name)
            self._showButtons[row.name] = self._addShowButton(item, row.name)
        self._tree.expandAll()
        # They came last, and Tab would reach them behind all that is below the tree.
        before = self._tree
        for name in self._items:
            for button in (self._statusButtons[name], self._showButtons[name]):
                qt.QWidget.setTabOrder(before, button)
                before = button

    def _addStatusButton(self, item, name: str):
        button = qt.QToolButton()
        button.autoRaise = True
        button.popupMode = qt.QToolButton.InstantPopup
        menu = qt.QMenu(button)
        menu.toolTipsVisible = True
        actions = {status: qt.QAction(text, menu) for status, text in STATUS_NAMES.items()}
        for status, action in actions.items():
            menu.addAction(action)
            self._connectStatus(action, name, status)
        menu.connect("aboutToShow()", lambda: self._offer(name, actions))
        button.setMenu(menu)
        self._tree.setItemWidget(item, _STATUS, button)
        return button

    def _connectStatus(self, action, name: str, status: Status) -> None:
        action.connect("triggered(bool)", lambda *_: self._onStatus(self._rows[name], status))

    def _offer(self, name: str, actions: dict) -> None:
        """Let the user choose what the segment can be, and say of the rest why it cannot."""
        self.select(name)
        for status, action in actions.items():
            setEnabled(action, self._whyNotStatus(self._rows[name], status), "")

    def _onRoomChanged(self) -> None:
        if (self._room.letters >= _WORDS) != self._worded:
            for row in self._rows.values():
                self._showStatus(row)
        self._fitHeight()

    def _fitHeight(self) -> None:
        """Be as high as the rows that are unfolded; a hint would be that of the layout before."""
        tree = self._tree
        wrapNames(tree, self._items.values())
        heights = (tree.visualItemRect(item).height() for item in self._items.values())
        rows = max(sum(heights), 3 * tree.fontMetrics().height())
        frame = 2 * tree.frameWidth
        tree.setFixedHeight(min(tree.header().height + rows + frame, _LARGEST_HEIGHT))

    def _showStatus(self, row: LabelRow) -> None:
        self._worded = self._room.letters >= _WORDS
        names = STATUS_NAMES if self._worded else STATUS_SYMBOLS
        self._statusButtons[row.name].text = names[row.status]

    def _addShowButton(self, item, name: str):
        button = qt.QToolButton()
        button.autoRaise = True
        button.connect(
            "clicked(bool)", lambda *_: self._onShow(self._rows[name], not self._rows[name].visible)
        )
        self._tree.setItemWidget(item, _SHOW, button)
        return button

    def _fill(self, row: LabelRow) -> None:
        item = self._items[row.name]
        item.setText(_NAME, row.title)
        item.setToolTip(_NAME, row.name)
        item.setIcon(_NAME, _swatch(row.colour))
        noSegment = (
            ""
            if row.segmentID
            else _("{label} has no segment yet; press Create segments.").format(label=row.title)
        )
        status, show = self._statusButtons[row.name], self._showButtons[row.name]
        self._showStatus(row)
        setEnabled(
            status,
            noSegment,
            _("{status}. Click to say how far the annotation of this label has come.").format(
                status=STATUS_NAMES[row.status]
            ),
        )
        show.setIcon(self._visible if row.visible else self._hidden)
        setEnabled(show, noSegment, _("Hide the segment.") if row.visible else _("Show it."))
        if not row.segmentID:
            self.showVolume(row.name, None)


def _swatch(colour: tuple[int, int, int]):
    pixmap = qt.QPixmap(_SWATCH_PIXELS, _SWATCH_PIXELS)
    pixmap.fill(qt.QColor(*colour))
    return qt.QIcon(pixmap)
