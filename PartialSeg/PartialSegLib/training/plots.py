"""Charts of a training for Slicer's plot views: its losses, and the Dice of each label.

The nodes are made when a chart is first asked for and found again by the run's path, so that a new
epoch only changes the table. They are not saved with the scene: the run's folder has the figures.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import slicer
import slicer.util

from partialseg_trainer.errors import UserError
from partialseg_trainer.files import read_json
from partialseg_trainer.labels import LabelScheme

if TYPE_CHECKING:
    from partialseg_trainer.runs import RunFolder

Figures = Literal["losses", "dice"]

_RUN, _FIGURES = "PartialSeg.Run", "PartialSeg.Figures"
_EPOCH = "epoch"
_MEAN_DICE, _LABEL_DICE = "validation_dice", "dice_"
# Plot views are white, and white matter's colour is nearly so.
_LIGHTEST = 0.8
# Beside the mean of the labels. A legend of all of them would cover the chart.
_WORST_LABELS = 3
_STAMP, _LAYOUT_BEFORE = "PartialSeg.Stamp", "PartialSeg.LayoutBefore"


def showTrainingPlot(run: RunFolder, figures: Figures = "dice") -> slicer.vtkMRMLPlotChartNode:
    """Show a chart of a run in the plot view, and return it.

    Slicer changes to a layout with a plot view if the present one has none. Raises UserError when
    the run has no figures yet.
    """
    chartNode = trainingChart(run, figures)
    layout = _layoutNode()
    before = layout.GetViewArrangement() if layout is not None else None
    slicer.modules.plots.logic().ShowChartInLayout(chartNode)
    if layout is not None and layout.GetViewArrangement() != before:
        layout.SetAttribute(_LAYOUT_BEFORE, str(before))
    return chartNode


def leaveEmptyPlot() -> None:
    """Go back to the layout before the plot, in a scene that was saved with a plot of this module.

    The plot's nodes are not saved, so that its view would be black.
    """
    layout = _layoutNode()
    before = layout.GetAttribute(_LAYOUT_BEFORE) if layout is not None else None
    if before and not slicer.util.getNodesByClass("vtkMRMLPlotChartNode"):
        layout.RemoveAttribute(_LAYOUT_BEFORE)
        layout.SetViewArrangement(int(before))


def chartsAreShown() -> bool:
    """Whether the scene has a chart of a training."""
    return bool(_tables())


def updateShownCharts() -> None:
    """Bring the charts of all runs up to date whose figures have changed since the last look."""
    from partialseg_trainer.runs import RunFolder

    for table in _tables():
        run = RunFolder(Path(table.GetAttribute(_RUN)))
        try:
            found = run.metrics_file.stat()
        except OSError:
            # The folder was removed; what was plotted stays.
            continue
        stamp = f"{found.st_mtime_ns} {found.st_size}"
        if table.GetAttribute(_STAMP) != stamp:
            table.SetAttribute(_STAMP, stamp)
            # Of a damaged run the list tells; what was plotted stays.
            with contextlib.suppress(UserError):
                updateTrainingCharts(run)


def trainingChart(run: RunFolder, figures: Figures) -> slicer.vtkMRMLPlotChartNode:
    """The chart node of a run, made if there is none, with the figures of all epochs until now.

    Raises UserError when the run has no figures yet.
    """
    if not _read(run):
        raise UserError(
            f"The run {run.name} has no figures yet; they come with the end of its first epoch."
        )
    if not _nodes("vtkMRMLTableNode", run):
        _addNode("vtkMRMLTableNode", run, run.name)
    if not _nodes("vtkMRMLPlotChartNode", run, figures):
        _addChart(run, figures)
    updateTrainingCharts(run)
    return _nodes("vtkMRMLPlotChartNode", run, figures)[0]


def updateTrainingCharts(run: RunFolder) -> None:
    """Bring the charts of a run up to date, if the scene has some."""
    tables = _nodes("vtkMRMLTableNode", run)
    rows = _read(run) if tables else []
    if not rows:
        return
    columns = [name for name in rows[0] if name == _EPOCH or _figuresOf(name)]
    values = [np.array([row[name] for row in rows], dtype=float) for name in columns]
    values[columns.index(_EPOCH)] += 1
    # One event for the whole table: a plot view would look for columns that are not there yet.
    wasModifying = tables[0].StartModify()
    slicer.util.updateTableFromArray(tables[0], values, columns)
    tables[0].EndModify(wasModifying)
    for figures in ("losses", "dice"):
        wanted = [name for name in columns if _figuresOf(name) == figures]
        if figures == "dice":
            wanted = _meanAndWorst(wanted, rows)
        for chartNode in _nodes("vtkMRMLPlotChartNode", run, figures):
            _showSeries(chartNode, tables[0], run, wanted)


def _meanAndWorst(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of the columns of Dice the mean, and the labels that are worst in the last epoch.

    A label without a value, which the scans for validation lack, is not among the worst.
    """
    last = {name: rows[-1][name] for name in columns if rows[-1][name] is not None}
    labels = [name for name in columns if name != _MEAN_DICE]
    # Those without a value come last, and all in the order of the scheme where they are equal.
    labels.sort(key=lambda name: last.get(name, 2.0))
    worst = labels[:_WORST_LABELS]
    return [name for name in columns if name == _MEAN_DICE or name in worst]


def _layoutNode():
    return next(iter(slicer.util.getNodesByClass("vtkMRMLLayoutNode")), None)


def _tables() -> list[Any]:
    """The tables of all trainings that are plotted."""
    tables = slicer.util.getNodesByClass("vtkMRMLTableNode")
    return [node for node in tables if node.GetAttribute(_RUN)]


def _read(run: RunFolder) -> list[dict[str, Any]]:
    # Here, because it needs packages that Slicer may lack.
    from partialseg_trainer.runs import read_metrics

    return read_metrics(run)


def _figuresOf(column: str) -> Figures | None:
    if column.endswith("_loss"):
        return "losses"
    return "dice" if column == _MEAN_DICE or column.startswith(_LABEL_DICE) else None


def _nodes(className: str, run: RunFolder, figures: Figures | None = None) -> list[Any]:
    return [
        node
        for node in slicer.util.getNodesByClass(className)
        if node.GetAttribute(_RUN) == str(run.path)
        and (figures is None or node.GetAttribute(_FIGURES) == figures)
    ]


def _addNode(className: str, run: RunFolder, name: str) -> Any:
    node = slicer.mrmlScene.CreateNodeByClass(className)
    node.UnRegister(None)
    node.SetName(name)
    node.SetAttribute(_RUN, str(run.path))
    node.SetSaveWithScene(False)
    return slicer.mrmlScene.AddNode(node)


def _addChart(run: RunFolder, figures: Figures) -> None:
    from slicer.i18n import tr as _

    word = _("Dice") if figures == "dice" else _("Loss")
    chartNode = _addNode("vtkMRMLPlotChartNode", run, f"{run.name}: {word}")
    chartNode.SetAttribute(_FIGURES, figures)
    chartNode.SetTitle(run.name)
    chartNode.SetXAxisTitle(_("Epoch"))
    chartNode.SetYAxisTitle(word)
    if figures == "dice":
        chartNode.SetYAxisRangeAuto(False)
        chartNode.SetYAxisRange(0.0, 1.0)


def _showSeries(chartNode, tableNode, run: RunFolder, columns: Sequence[str]) -> None:
    """Let a chart have these curves and no others."""
    shown = {
        node.GetYColumnName(): node
        for node in map(
            chartNode.GetNthPlotSeriesNode, range(chartNode.GetNumberOfPlotSeriesNodes())
        )
    }
    if list(shown) == list(columns):
        return
    scheme = _scheme(run)
    # All of them anew: the legend has them in the order in which they were added.
    chartNode.RemoveAllPlotSeriesNodeIDs()
    for node in shown.values():
        slicer.mrmlScene.RemoveNode(node)
    for column in columns:
        title, colour = _look(column, scheme)
        seriesNode = _addNode("vtkMRMLPlotSeriesNode", run, title)
        seriesNode.SetPlotType(seriesNode.PlotTypeScatter)
        seriesNode.SetAndObserveTableNodeID(tableNode.GetID())
        seriesNode.SetXColumnName(_EPOCH)
        seriesNode.SetYColumnName(column)
        seriesNode.SetMarkerStyle(seriesNode.MarkerStyleCircle)
        if colour is None:
            seriesNode.SetUniqueColor()
        else:
            seriesNode.SetColor(*colour)
        if column == _MEAN_DICE:
            seriesNode.SetLineStyle(seriesNode.LineStyleDash)
        chartNode.AddAndObservePlotSeriesNodeID(seriesNode.GetID())


def _look(column: str, scheme: LabelScheme | None) -> tuple[str, tuple[float, float, float] | None]:
    """The words for a curve, and its label's colour, 0-1, None where it has none."""
    from slicer.i18n import tr as _

    words = {
        "training_loss": _("Training"),
        "validation_loss": _("Validation"),
        _MEAN_DICE: _("Mean of the labels"),
    }
    name = column.removeprefix(_LABEL_DICE)
    if column in words or scheme is None or name not in scheme.names:
        return words.get(column, name), None
    label = scheme[name]
    return label.title, tuple(_LIGHTEST * level / 255 for level in label.colour)


def _scheme(run: RunFolder) -> LabelScheme | None:
    """The scheme of the run's dataset; None when that has gone."""
    dataset = Path(read_json(run.config_file)["dataset"])
    try:
        return LabelScheme.load(dataset / "scheme.json")
    except UserError:
        return None
