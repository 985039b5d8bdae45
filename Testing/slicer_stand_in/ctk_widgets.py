"""CTK's widgets for paths, numbers, choices and messages, with CTK's properties and signals."""

from __future__ import annotations

from pathlib import Path

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Signal, Slot

from .collapsible import ctkCollapsibleButton, ctkCollapsibleGroupBox
from .dialogs import dialogs

_MAX_HISTORY = 5


class ctkPathLineEdit(QtWidgets.QWidget):
    """A line with a path, a history of paths, and a button that opens a file dialog."""

    # CTK has an enumeration of its own with the same names and values.
    Filters = QtCore.QDir.Filter
    currentPathChanged = Signal(str)
    validInputChanged = Signal(bool)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._filters = self.Filters.AllEntries
        self._nameFilters: list[str] = []
        self._settingKey = ""
        self._label = ""
        self._box = QtWidgets.QComboBox(self)
        self._box.setEditable(True)
        self._box.setInsertPolicy(QtWidgets.QComboBox.InsertPolicy.NoInsert)
        self._box.setSizePolicy(
            QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed
        )
        self._box.editTextChanged.connect(self._onEdited)
        self._valid = False
        self._browse = QtWidgets.QToolButton(self)
        self._browse.setText("...")
        self._browse.clicked.connect(self.browse)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._box)
        layout.addWidget(self._browse)

    def _onEdited(self, path: str) -> None:
        # For CTK an empty path is none, so that it tells only that the input is not valid.
        before, self._valid = self._valid, bool(path)
        if path:
            self.currentPathChanged.emit(path)
        if self._valid != before:
            self.validInputChanged.emit(self._valid)

    @Slot(str)
    def setCurrentPath(self, path: str) -> None:
        self._box.setEditText(path)

    currentPath = Property(str, lambda self: self._box.currentText(), setCurrentPath)

    def _setFilters(self, filters: Filters) -> None:
        self._filters = self.Filters(filters)

    filters = Property(Filters, lambda self: self._filters, _setFilters)

    def _setNameFilters(self, nameFilters: list[str]) -> None:
        self._nameFilters = list(nameFilters)

    nameFilters = Property("QStringList", lambda self: self._nameFilters, _setNameFilters)

    def _setLabel(self, label: str) -> None:
        self._label = label

    label = Property(str, lambda self: self._label, _setLabel)

    def _setSettingKey(self, key: str) -> None:
        self._settingKey = key
        self.retrieveHistory()

    settingKey = Property(str, lambda self: self._settingKey, _setSettingKey)

    showBrowseButton = Property(
        bool,
        lambda self: not self._browse.isHidden(),
        lambda self, visible: self._browse.setVisible(visible),
    )

    @Slot()
    def browse(self) -> None:
        path = dialogs.nextPath(self._label)
        if path:
            self.setCurrentPath(path)

    @Slot()
    def addCurrentPathToHistory(self) -> None:
        """Put the path first; as in CTK, other paths of the history are shown on the way."""
        path = self._box.currentText()
        if not path:
            return
        rest = [each for each in self._history() if each != path]
        QtCore.QSettings().setValue(self._key, [path, *rest])
        if (index := self._box.findText(path)) >= 0:
            self._box.removeItem(index)
        while self._box.count() >= _MAX_HISTORY:
            self._box.removeItem(self._box.count() - 1)
        self._box.insertItem(0, path)
        self._box.setCurrentIndex(0)

    @Slot()
    def retrieveHistory(self) -> None:
        """Offer the paths of the settings; the last one is chosen, silently, where none was."""
        path = self._box.currentText()
        blocked = self.blockSignals(True)
        self._box.clear()
        self._box.addItems(self._history()[:_MAX_HISTORY])
        if path:
            self._box.setEditText(path)
        self.blockSignals(blocked)

    @property
    def _key(self) -> str:
        return f"ctkPathLineEdit/{self._settingKey or self.objectName()}"

    def _history(self) -> list[str]:
        stored = QtCore.QSettings().value(self._key, [])
        return [stored] if isinstance(stored, str) else list(stored or [])


class ctkDirectoryButton(QtWidgets.QWidget):
    """A button that shows a folder and opens a dialog to choose another one."""

    directoryChanged = Signal(str)
    directorySelected = Signal(str)

    def __init__(self, *arguments) -> None:
        folder = arguments[0] if arguments and isinstance(arguments[0], str) else "."
        super().__init__(*(each for each in arguments[-1:] if not isinstance(each, str)))
        self._directory = str(Path(folder).absolute())
        self._caption = ""
        self._text = ""
        self._button = QtWidgets.QPushButton(self._directory, self)
        icon = self.style().standardIcon(QtWidgets.QStyle.StandardPixmap.SP_DirIcon)
        self._button.setIcon(icon)
        self._button.clicked.connect(self.browse)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._button)

    def _setDirectory(self, directory: str) -> None:
        path = str(Path(directory).absolute())
        changed = path != self._directory
        self._directory = path
        self._button.setText(self._text or path)
        self.directorySelected.emit(path)
        if changed:
            self.directoryChanged.emit(path)

    directory = Property(str, lambda self: self._directory, _setDirectory, notify=directoryChanged)

    def _setCaption(self, caption: str) -> None:
        self._caption = caption

    caption = Property(str, lambda self: self._caption, _setCaption)

    def _setText(self, text: str) -> None:
        self._text = text
        self._button.setText(text or self._directory)

    text = Property(str, lambda self: self._text, _setText)

    @Slot(result=str)
    def browse(self) -> str:
        folder = dialogs.nextPath(self._caption)
        if folder:
            self._setDirectory(folder)
        return folder


class ctkSliderWidget(QtWidgets.QWidget):
    """A slider beside a spin box."""

    valueChanged = Signal(float)
    valueIsChanging = Signal(float)
    decimalsChanged = Signal(int)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal, self)
        self._box = QtWidgets.QDoubleSpinBox(self)
        self._slider.valueChanged.connect(
            lambda position: self._box.setValue(position * self._box.singleStep())
        )
        self._box.valueChanged.connect(self._onValue)
        self.setRange(0.0, 99.0)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider)
        layout.addWidget(self._box)

    def _onValue(self, value: float) -> None:
        blocked = self._slider.blockSignals(True)
        self._slider.setValue(round(value / self._box.singleStep()))
        self._slider.blockSignals(blocked)
        self.valueIsChanging.emit(value)
        self.valueChanged.emit(value)

    def setRange(self, minimum: float, maximum: float) -> None:
        self._box.setRange(minimum, maximum)
        step = self._box.singleStep()
        self._slider.setRange(round(minimum / step), round(maximum / step))

    def _setSingleStep(self, step: float) -> None:
        self._box.setSingleStep(step)
        self.setRange(self._box.minimum(), self._box.maximum())

    @Slot(float)
    def setValue(self, value: float) -> None:
        self._box.setValue(value)

    @Slot(int)
    def setDecimals(self, decimals: int) -> None:
        self._box.setDecimals(decimals)
        self.decimalsChanged.emit(decimals)

    value = Property(float, lambda self: self._box.value(), setValue)
    decimals = Property(int, lambda self: self._box.decimals(), setDecimals)
    singleStep = Property(float, lambda self: self._box.singleStep(), _setSingleStep)
    minimum = Property(
        float,
        lambda self: self._box.minimum(),
        lambda self, value: self.setRange(value, self._box.maximum()),
    )
    maximum = Property(
        float,
        lambda self: self._box.maximum(),
        lambda self, value: self.setRange(self._box.minimum(), value),
    )
    prefix = Property(
        str, lambda self: self._box.prefix(), lambda self, text: self._box.setPrefix(text)
    )
    suffix = Property(
        str, lambda self: self._box.suffix(), lambda self, text: self._box.setSuffix(text)
    )


class ctkComboBox(QtWidgets.QComboBox):
    """A combo box with a text for when nothing is chosen."""

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)

    defaultText = Property(
        str,
        lambda self: self.placeholderText(),
        lambda self, text: self.setPlaceholderText(text),
    )


class ctkCheckBox(QtWidgets.QCheckBox):
    """A check box that may have an icon for its indicator; the icon is not drawn here."""

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = QtGui.QIcon()

    def _setIcon(self, icon: QtGui.QIcon) -> None:
        self._icon = icon

    indicatorIcon = Property(QtGui.QIcon, lambda self: self._icon, _setIcon)


class ctkMessageBox(QtWidgets.QMessageBox):
    """A message box with a box to tick for not being shown again."""

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._key = ""
        self._visible = False

    def _setKey(self, key: str) -> None:
        self._key = key
        self._visible = bool(key)

    dontShowAgainSettingsKey = Property(str, lambda self: self._key, _setKey)

    def _setVisible(self, visible: bool) -> None:
        self._visible = visible

    dontShowAgainVisible = Property(bool, lambda self: self._visible, _setVisible)


WIDGETS = (
    ctkCheckBox,
    ctkCollapsibleButton,
    ctkCollapsibleGroupBox,
    ctkComboBox,
    ctkDirectoryButton,
    ctkMessageBox,
    ctkPathLineEdit,
    ctkSliderWidget,
)
