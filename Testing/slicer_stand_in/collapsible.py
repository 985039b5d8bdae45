"""CTK's two collapsible containers: a button and a group box whose children can be put away."""

from __future__ import annotations

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Qt, Signal


class _PutAway(QtCore.QObject):
    """Hides the children of a container while it is collapsed.

    What was hidden by itself stays so, and what is shown meanwhile appears when it is expanded.
    """

    def __init__(self, container: QtWidgets.QWidget) -> None:
        super().__init__(container)
        self._container = container
        self._wanted: dict[QtWidgets.QWidget, bool] = {}
        self._acting = False
        container.installEventFilter(self)

    def apply(self, collapsed: bool) -> None:
        children = [each for each in self._container.children() if each.isWidgetType()]
        if collapsed:
            self._wanted = {child: not child.isHidden() for child in children}
        for child in children:
            self._show(child, self._wanted.get(child, True) and not collapsed)

    def eventFilter(self, watched, event) -> bool:
        kind = event.type()
        if watched is self._container:
            if kind == QtCore.QEvent.Type.ChildAdded and event.child().isWidgetType():
                event.child().installEventFilter(self)
            return False
        changes = (QtCore.QEvent.Type.ShowToParent, QtCore.QEvent.Type.HideToParent)
        if kind in changes and not self._acting and self._container.property("collapsed"):
            self._wanted[watched] = kind == QtCore.QEvent.Type.ShowToParent
            self._show(watched, False)
        return False

    def _show(self, child: QtWidgets.QWidget, visible: bool) -> None:
        self._acting = True
        child.setVisible(visible)
        self._acting = False


class ctkCollapsibleButton(QtWidgets.QAbstractButton):
    """A button over the content that it shows and hides; checked means expanded."""

    contentsCollapsed = Signal(bool)

    def __init__(self, *arguments) -> None:
        text = arguments[0] if arguments and isinstance(arguments[0], str) else ""
        super().__init__(*(each for each in arguments[-1:] if not isinstance(each, str)))
        self._collapsed = False
        self._putAway = _PutAway(self)
        self.setText(text)
        self.setCheckable(True)
        self.setChecked(True)
        self.setSizePolicy(
            QtWidgets.QSizePolicy.Policy.Minimum, QtWidgets.QSizePolicy.Policy.Preferred
        )
        self.setContentsMargins(0, self._buttonHeight(), 0, 0)
        self.toggled.connect(lambda checked: self._collapse(not checked))

    def _isCollapsed(self) -> bool:
        return self._collapsed

    def _setCollapsed(self, collapsed: bool) -> None:
        self.setChecked(not collapsed)

    collapsed = Property(bool, _isCollapsed, _setCollapsed, notify=contentsCollapsed)

    def _collapse(self, collapsed: bool) -> None:
        self._collapsed = collapsed
        self._putAway.apply(collapsed)
        largest = (1 << 24) - 1
        self.setMaximumHeight(self._buttonHeight() if collapsed else largest)
        self.updateGeometry()
        self.contentsCollapsed.emit(collapsed)

    def _buttonHeight(self) -> int:
        return self.fontMetrics().height() + 8

    def sizeHint(self) -> QtCore.QSize:
        button = QtCore.QSize(
            self.fontMetrics().horizontalAdvance(self.text()) + 30, self._buttonHeight()
        )
        if self._collapsed or self.layout() is None:
            return button
        return self.layout().totalSizeHint().expandedTo(button)

    def minimumSizeHint(self) -> QtCore.QSize:
        if self._collapsed or self.layout() is None:
            return self.sizeHint()
        return self.layout().totalMinimumSize()

    def hitButton(self, position: QtCore.QPoint) -> bool:
        return position.y() < self._buttonHeight()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtWidgets.QStylePainter(self)
        option = QtWidgets.QStyleOptionButton()
        option.initFrom(self)
        option.rect.setHeight(self._buttonHeight())
        style = QtWidgets.QStyle
        painter.drawControl(style.ControlElement.CE_PushButtonBevel, option)
        arrow = QtWidgets.QStyleOption()
        arrow.initFrom(self)
        arrow.rect = QtCore.QRect(4, (self._buttonHeight() - 12) // 2, 12, 12)
        down = style.PrimitiveElement.PE_IndicatorArrowDown
        right = style.PrimitiveElement.PE_IndicatorArrowRight
        painter.drawPrimitive(right if self._collapsed else down, arrow)
        text = QtCore.QRect(22, 0, self.width() - 26, self._buttonHeight())
        painter.drawItemText(
            text, int(Qt.AlignmentFlag.AlignVCenter), self.palette(), self.isEnabled(), self.text()
        )


class ctkCollapsibleGroupBox(QtWidgets.QGroupBox):
    """A group box that its own check mark collapses."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self._putAway = _PutAway(self)
        self.setCheckable(True)
        self.toggled.connect(self._expand)

    collapsed = Property(
        bool, lambda self: not self.isChecked(), lambda self, value: self.setChecked(not value)
    )

    def _expand(self, expanded: bool) -> None:
        self._putAway.apply(not expanded)
        largest = (1 << 24) - 1
        self.setMaximumHeight(largest if expanded else self.fontMetrics().height() + 14)
