"""The panel beside Slicer's views: never wider than the dock was made, and readable at 300 px."""

import re
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

NARROW = 300
# What rounding does to a text.
SLACK = 2


@pytest.fixture
def filled(panel, logic, scene, standIn):
    """The panel, unfolded and with long names in everything that can show some."""
    fill(panel, logic, scene)
    return panel


def fill(panel, logic, scene):
    import slicer

    from PartialSegLib.annotation.contradictions import FoundContradiction
    from PartialSegLib.dataset.content import DatasetCase, DatasetContent
    from PartialSegLib.dataset.drafts import WorkItem
    from PartialSegLib.panel.export.section import ExportSection
    from PartialSegLib.panel.labels.section import LabelsSection
    from PartialSegLib.panel.review.section import ReviewSection
    from PartialSegLib.panel.segmentNeonate.section import SegmentNeonateSection
    from PartialSegLib.panel.train.section import TrainSection
    from PartialSegLib.panel.worklist.section import WorklistSection
    from PartialSegLib.prediction.confidence import keepConfidence
    from PartialSegLib.prediction.results import LoadedPrediction, loadPrediction
    from PartialSegLib.prediction.scanRanking import RankedScan
    from PartialSegLib.prediction.segmentation import Segmented

    unfold(panel)
    scheme = logic.scheme("dhcp9")
    values = np.array([0, *(label.value for label in scheme if not label.children)], np.uint8)
    labelmap = np.random.default_rng(0).choice(values, (12, 14, 16))
    scan = slicer.util.addVolumeFromArray(labelmap.astype(np.int16), name="sub-01_ses-02_T2w")
    predicted = loadPrediction(labelmap, scheme, scan).segmentationNode
    keepConfidence(predicted, scan, np.full(labelmap.shape, 87, np.uint8))
    chosen = panel.sections[0].parameterNode
    chosen.inputVolume, chosen.segmentation = scan, predicted
    logic.setStatus(predicted, "tcv", "complete")
    logic.setStatus(predicted, "csf", "in_progress")

    neonate = panel.section(SegmentNeonateSection)
    found = Segmented(
        LoadedPrediction(predicted, scheme.names, ("tcv",), ("csf",)),
        None,
        scheme,
        "CPU, 2 threads",
        23.0,
        dict.fromkeys(scheme.names, 1234.5),
        dict.fromkeys(scheme.names, 87.6),
        ("The total cerebrum has 1234 mL, which no newborn has.",),
        drawNext={"kind": "sagittal", "mm": -123.4},
    )
    neonate._showResult(neonate._keepResult(scan, "Done in 23 s.", found))
    neonate._tellOfSurfaces(9, 10)
    for widget in (neonate.ui.progressBar, neonate.ui.cancelButton, neonate.ui.progressLabel):
        widget.visible = True
    neonate.ui.progressLabel.text = "Learning from what was drawn, 2 h 35 min left"
    neonate._say("Done in 23 s (CPU, 2 threads). " + "The result is flagged for review. " * 3)
    cases = [
        DatasetCase(
            f"sub-{number:02d}_ses-{number:02d}",
            f"{number:02d}",
            f"{number:02d}",
            "ab",
            datetime(2026, 11, 21, tzinfo=timezone.utc),
            logic_statuses(scheme, number),
            number == 0,
        )
        for number in range(3)
    ]
    export = panel.section(ExportSection)
    export._cases.stop()
    export._cases._show(DatasetContent(Path("/data"), "newborns", scheme, tuple(cases), ()))
    export.ui.legendWidget.visible = True
    for word in ("Yes", "No", "Unknown"):
        getattr(export.ui, f"share{word}Label").text = "12.3 %"
    for run in runs():
        assert run.path.is_dir()
    panel.section(TrainSection)._readRuns()
    panel.section(TrainSection).ui.logGroupBox.collapsed = False
    panel.section(TrainSection).ui.advancedGroupBox.collapsed = False
    panel.section(ReviewSection)._nextScan._show(
        [
            RankedScan(Path(f"/scans/sub-{number:02d}/anat/sub-{number:02d}_T2w.nii.gz"), *rest)
            for number, rest in enumerate(
                [
                    (0.31, None, ("The total cerebrum has 12 mL, which no newborn has.",), None),
                    (0.12, "sub-04", (), None),
                    (None, None, (), "The file ends too early; copy it again."),
                ]
            )
        ]
    )
    labels = panel.section(LabelsSection)
    labels._say("Total cerebrum: complete, made from its parts.")
    labels._contradictions.show(
        [
            FoundContradiction(
                ("csf", "wm"),
                1234,
                (0.0, 0.0, 0.0),
                "Cerebrospinal fluid outside the ventricles and White matter exclude each other, "
                "but have 1234 voxels in common.",
            )
        ]
    )
    panel.section(WorklistSection)._show(
        [
            WorkItem(
                Path(f"/scans/sub-{number:02d}_ses-01_acquisition_haste_run_02_T2w.nii.gz"),
                Path("/data/none.seg.nrrd"),
                tuple(label.title for label in scheme)[:number],
                "somebody",
                "2026-11-21",
            )
            for number in range(3)
        ]
    )
    for button in ("takeOtherButton", "showChosenButton", "stepButton"):
        getattr(panel.sections[0].ui, button).visible = True


def logic_statuses(scheme, number):
    from partialseg_trainer.labels import Status

    some = [Status.COMPLETE, Status.IN_PROGRESS, Status.ABSENT, Status.NOT_ANNOTATED]
    return {
        name: Status.COMPLETE if number == 0 else some[(row + number) % 4]
        for row, name in enumerate(scheme.names)
    }


def runs():
    """Folders of trainings in two states."""
    from partialseg_trainer.runs import RunFolder, new_run_path

    for name in ("newborns-of-the-first-clinic", "phantoms"):
        yield RunFolder.create(new_run_path(name), {"dataset": "/data/newborns"})


def unfold(panel, folded=False):
    for section in panel.sections:
        for name, widget in vars(section.ui).items():
            if name.lower().endswith("collapsiblebutton"):
                widget.collapsed = folded


def settled():
    from slicer_stand_in.session import settle

    for _round in range(12):
        settle(2)


def shown(section, *kinds):
    """The visible Qt widgets of a section; of the Segment Editor, which is a sketch here, none."""
    from PySide6 import QtWidgets

    found = section.widget.qtObject.findChildren(QtWidgets.QWidget)
    sketch = getattr(section, "editor", None)
    return [
        each
        for each in found
        if isinstance(each, kinds)
        and each.isVisible()
        and not (sketch and (each is sketch.qtObject or sketch.qtObject.isAncestorOf(each)))
    ]


def test_the_panel_never_makes_the_dock_wider(panel, logic, scene, standIn):
    standIn.window.resize(NARROW, 900)
    settled()
    hints = {type(each).__name__: each.widget.sizeHint.width() for each in panel.sections}
    assert max(hints.values()) <= NARROW
    fill(panel, logic, scene)
    for folded in (True, False, True, False):
        unfold(panel, folded)
        settled()
    assert standIn.window.width() == NARROW
    after = {type(each).__name__: each.widget.sizeHint.width() for each in panel.sections}
    assert after == hints


def test_at_300_pixels_nothing_is_cut_off(filled, standIn):
    standIn.window.resize(NARROW, 900)
    # Qt lays a tree out once more where a column was hidden; on a busy computer that comes late.
    for _look in range(10):
        settled()
        found = {type(section).__name__: sorted(cutOff(section)) for section in filled.sections}
        cut = {name: what for name, what in found.items() if what}
        if not cut:
            break
    assert cut == {}


def test_names_are_seen_whole_again_when_the_panel_is_made_a_little_narrower(
    filled, standIn, waitFor
):
    """Qt tells nothing of a column that takes what is left."""
    from PartialSegLib.panel.labels.section import LabelsSection

    labels = filled.section(LabelsSection)
    for width in (520, 420):
        standIn.window.resize(width, 900)
        waitFor(lambda: not list(cutOff(labels)), seconds=10)


def cutOff(section):
    """What of a section cannot be read whole."""
    from PySide6 import QtWidgets

    room = section.widget.qtObject.width()
    for widget in shown(section, QtWidgets.QWidget):
        end = widget.mapTo(section.widget.qtObject, widget.rect().topRight()).x()
        if end > room:
            yield f"{widget.objectName() or type(widget).__name__}: ends at {end} of {room}"
    for button in shown(
        section, QtWidgets.QPushButton, QtWidgets.QRadioButton, QtWidgets.QCheckBox
    ):
        if button.text() and button.width() + SLACK < button.sizeHint().width():
            yield f"{button.objectName()}: {button.text()}"
    for label in shown(section, QtWidgets.QLabel):
        needed = label.minimumSizeHint() if label.wordWrap() else label.sizeHint()
        if label.width() + SLACK < needed.width():
            yield f"{label.objectName()}: {label.text()}"
    texts = " ".join(label.text() for label in shown(section, QtWidgets.QLabel))
    for combo in shown(section, QtWidgets.QComboBox):
        style, option = combo.style(), QtWidgets.QStyleOptionComboBox()
        combo.initStyleOption(option)
        field = style.subControlRect(
            style.ComplexControl.CC_ComboBox, option, style.SubControl.SC_ComboBoxEditField, combo
        )
        text, isNode = combo.currentText(), type(combo.parent()).__name__ == "qMRMLNodeComboBox"
        fits = combo.fontMetrics().horizontalAdvance(text) <= field.width() + SLACK
        if not (fits or isNode or combo.isEditable() or text in texts):
            yield f"{combo.objectName()}: {text}"
    for parent in shown(section, QtWidgets.QWidget):
        if parent.layout() is not None:
            yield from overlaps(parent)
    for area in shown(section, QtWidgets.QAbstractScrollArea):
        if area.horizontalScrollBar().maximum() > 0:
            yield f"{area.objectName()}: scrolls by {area.horizontalScrollBar().maximum()}"
    for view in shown(section, QtWidgets.QTreeWidget, QtWidgets.QTableWidget):
        yield from cutCells(view)


def overlaps(parent):
    """Widgets in one layout that lie over one another."""
    placed = [each for each in parent.children() if each.isWidgetType() and each.isVisible()]
    for number, one in enumerate(placed):
        for other in placed[:number]:
            both = one.geometry() & other.geometry()
            if both.width() > SLACK and both.height() > SLACK:
                yield f"{one.objectName()} lies over {other.objectName()}"


def cutCells(view):
    """Words of headers and cells that are wider than their column, and rows too low for a text."""
    from PySide6 import QtCore, QtWidgets

    tree = isinstance(view, QtWidgets.QTreeWidget)
    header = view.header() if tree else view.horizontalHeader()
    model, metrics = view.model(), view.fontMetrics()
    for column in range(model.columnCount()):
        if header.isSectionHidden(column):
            continue
        text = str(model.headerData(column, QtCore.Qt.Orientation.Horizontal) or "")
        if metrics.horizontalAdvance(text) > header.sectionSize(column):
            yield f"{view.objectName()}: header {text}"
        for index in indices(model, column):
            words = re.split(r"[\s\u200b]+|(?<=-)", str(index.data() or "").strip())
            rect = view.visualRect(index)
            icon = 20 if index.data(QtCore.Qt.ItemDataRole.DecorationRole) is not None else 0
            if rect.width() and max(map(metrics.horizontalAdvance, words)) + icon > rect.width():
                yield f"{view.objectName()}: {index.data()} in {rect.width()}"
            box = metrics.boundingRect(
                QtCore.QRect(0, 0, rect.width() - icon - 2, 1000),
                int(QtCore.Qt.TextFlag.TextWordWrap),
                str(index.data() or ""),
            )
            if rect.height() and box.height() > rect.height() + SLACK:
                yield f"{view.objectName()}: {index.data()} in a row of {rect.height()}"


def indices(model, column):
    from PySide6 import QtCore

    waiting = [QtCore.QModelIndex()]
    for parent in waiting:
        for row in range(model.rowCount(parent)):
            yield model.index(row, column, parent)
            waiting.append(model.index(row, 0, parent))
