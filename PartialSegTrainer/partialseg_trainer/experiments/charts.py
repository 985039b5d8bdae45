"""Charts of an experiment: Dice against how much is fully labelled, and how trainings went."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..evaluation import Picture
from ..evaluation.charts import (
    DARK,
    LIGHT,
    MARKERS,
    Theme,
    add_legend,
    cycled,
    figure_with_legend,
    style_axes,
)
from ..evaluation.picture import render
from ..labels import LabelScheme
from .results import MEAN

_COLUMNS = 4
_PANEL_INCHES = 1.9
# For the methods to which the same colours come again.
_LINES = ("solid", "dashed", "dotted")


def fraction_chart(summary: pd.DataFrame, scheme: LabelScheme) -> Picture:
    """Dice of each label against the fraction, a line for each method, bars of one sd.

    `summary` is of `tables.summarise`; means and deviations are over trainings.
    """
    dice = summary[summary["metric"] == "dice"]
    titles = {label.name: label.title for label, _ in scheme.outline()} | {MEAN: "Mean of all"}
    fractions = list(dict.fromkeys(dice["fraction"]))
    methods = dict.fromkeys(dice["method"])

    def draw(theme: Theme) -> bytes:
        rows = -(-len(titles) // _COLUMNS)
        figure = figure_with_legend(rows * _PANEL_INCHES, methods)
        panels = figure.subplots(rows, _COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, (label, title) in zip(panels, titles.items(), strict=False):
            part = dice[dice["label"] == label].set_index(["method", "fraction"])
            for colour, marker, method in zip(
                cycled(theme.methods, methods), cycled(MARKERS, methods), methods, strict=True
            ):
                of_method = part.loc[method].reindex(fractions)
                axes.errorbar(
                    np.arange(len(fractions)),
                    of_method["mean"],
                    yerr=of_method["sd"].fillna(0),
                    color=colour,
                    marker=marker,
                    markersize=4,
                    linewidth=1.2,
                    elinewidth=0.8,
                    label=method,
                )
            style_axes(axes, theme)
            axes.set_title(textwrap.fill(title, 26), color=theme.ink, fontsize=7.5, loc="left")
            axes.set_xticks(range(len(fractions)), fractions)
            axes.grid(axis="y", color=theme.grid, linewidth=0.8)
        for axes in panels[len(titles) :]:
            axes.set_axis_off()
        add_legend(figure, theme)
        return render(figure)

    alt = f"Dice of every label at {', '.join(fractions)} fully labelled, for {', '.join(methods)}."
    return Picture(draw(LIGHT), alt, draw(DARK))


def learning_chart(curves: Mapping[str, pd.DataFrame]) -> Picture:
    """Mean Dice on validation scans by epoch, the mean and range over trainings of each method.

    `curves` maps a method to a table of `epoch` and `validation_dice`, with rows of every training.
    """

    def draw(theme: Theme) -> bytes:
        figure = figure_with_legend(3.2, curves)
        axes = figure.subplots()
        lines = [style for style in _LINES for _ in theme.methods]
        for colour, line, (method, table) in zip(
            cycled(theme.methods, curves), cycled(lines, curves), curves.items(), strict=True
        ):
            dice = table.groupby("epoch")["validation_dice"].agg(["mean", "min", "max"])
            axes.plot(dice.index, dice["mean"], color=colour, linestyle=line, label=method)
            axes.fill_between(
                dice.index, dice["min"], dice["max"], color=colour, alpha=0.15, linewidth=0
            )
        style_axes(axes, theme)
        axes.set_ylim(0, 1)
        axes.set_xlabel("epoch", color=theme.ink, fontsize=8)
        axes.set_ylabel("mean Dice on validation scans", color=theme.ink, fontsize=8)
        axes.grid(axis="y", color=theme.grid, linewidth=0.8)
        add_legend(figure, theme)
        return render(figure)

    said = ", ".join(
        f"{method} {table.groupby('epoch')['validation_dice'].mean().max():.3f}"
        for method, table in curves.items()
    )
    return Picture(draw(LIGHT), f"Validation Dice by epoch; the best means: {said}.", draw(DARK))


def reliability_chart(bins: Mapping[str, pd.DataFrame]) -> Picture:
    """How often a label is right against how probable it was said to be, a line for each method.

    `bins` maps a method to rows of `CellFolder.reliability`; all labels, scans and trainings of a
    method are taken together.
    """
    sums = {
        method: rows.groupby("bin")[["voxels", "expected", "found"]].sum().query("voxels > 0")
        for method, rows in bins.items()
    }

    def draw(theme: Theme) -> bytes:
        figure = figure_with_legend(4, sums)
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=theme.grid, linewidth=1.2)
        styles = zip(cycled(theme.methods, sums), cycled(MARKERS, sums), sums.items(), strict=True)
        for colour, marker, (method, found) in styles:
            axes.plot(
                found["expected"] / found["voxels"],
                found["found"] / found["voxels"],
                color=colour,
                marker=marker,
                markersize=4,
                linewidth=1.2,
                label=method,
            )
        style_axes(axes, theme)
        axes.set_aspect("equal")
        axes.set_xlabel("probability of a label", color=theme.ink, fontsize=8)
        axes.set_ylabel("share of voxels that are it", color=theme.ink, fontsize=8)
        axes.grid(color=theme.grid, linewidth=0.8)
        add_legend(figure, theme)
        return render(figure)

    alt = f"How often labels are right, by their probability, for {', '.join(sums)}."
    return Picture(draw(LIGHT), alt, draw(DARK))
