"""Charts of a report: how training went, and how well each label is found."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from ..labels import LabelScheme
from .picture import Picture, render

Rows = Sequence[Mapping[str, float | int | str | None]]

# One more than colours, so that the pairs of the two come again late.
MARKERS = "osD^vPX"
WIDTH_INCHES = 7.6
# Of a legend in letters of 7.5 points.
_ROW_INCHES, _MARK_INCHES, _LETTER_INCHES = 0.16, 0.45, 0.055


@dataclass(frozen=True)
class Theme:
    """Colours of a chart: text, grid lines, and one colour a method.

    The methods' colours are Okabe and Ito's, which colour-blind readers can tell apart.
    """

    ink: str
    grid: str
    methods: tuple[str, ...]


LIGHT = Theme(
    "#32373e", "#dfe2e6", ("#0072b2", "#d55e00", "#009e73", "#b8609a", "#56b4e9", "#b07d00")
)
DARK = Theme(
    "#d5d8dd", "#3a3f47", ("#56b4e9", "#e69f00", "#2fc39a", "#e39ac4", "#7aa5f0", "#f0e442")
)


def training_chart(runs: Mapping[str, Rows]) -> Picture:
    """Loss and validation Dice over the epochs, a colour for each run.

    `runs` maps the name of a method to the rows of its metrics.csv, of which "epoch",
    "training_loss", "validation_loss" and "validation_dice" are shown. A dot marks the best Dice.
    """

    def draw(theme: Theme) -> bytes:
        figure = Figure(figsize=(WIDTH_INCHES, 2.9), layout="constrained", facecolor="none")
        loss, dice = figure.subplots(1, 2)
        for colour, (name, rows) in zip(cycled(theme.methods, runs), runs.items(), strict=True):
            loss.plot(*_column(rows, "training_loss"), color=colour, label=f"{name}, training")
            loss.plot(
                *_column(rows, "validation_loss"),
                color=colour,
                linestyle=(0, (3, 1.5)),
                label=f"{name}, validation",
            )
            epochs, values = _column(rows, "validation_dice")
            dice.plot(epochs, values, color=colour, label=name)
            if values.size:
                best = int(np.argmax(values))
                dice.plot(epochs[best], values[best], "o", color=colour, markersize=5)
        loss.set_yscale("log")
        loss.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        loss.yaxis.set_major_formatter("{x:g}")
        loss.yaxis.set_minor_locator(NullLocator())
        dice.set_ylim(0, 1)
        for axes, heading in ((loss, "Loss"), (dice, "Mean Dice on validation scans")):
            style_axes(axes, theme)
            axes.set_title(heading, color=theme.ink, fontsize=9, loc="left")
            axes.set_xlabel("epoch", color=theme.ink, fontsize=8)
            axes.grid(axis="y", color=theme.grid, linewidth=0.8)
            axes.legend(frameon=False, fontsize=7.5, labelcolor=theme.ink)
        return render(figure)

    said = "; ".join(f"{name}: {_course(rows)}" for name, rows in runs.items())
    return Picture(draw(LIGHT), f"Loss and validation Dice by epoch. {said}.", draw(DARK))


def dice_chart(tables: Mapping[str, pd.DataFrame], scheme: LabelScheme) -> Picture:
    """Dice of each label: a small dot a scan, a large mark the mean, a colour for each method.

    `tables` maps the name of a method to its `score_table`.
    """

    order = [label for label, _ in scheme.outline()]
    position = {label.name: row for row, label in enumerate(order)}

    def draw(theme: Theme) -> bytes:
        height = 0.7 + len(scheme) * (0.16 + 0.13 * len(tables))
        figure = figure_with_legend(height, tables)
        axes = figure.subplots()
        offsets = (np.arange(len(tables)) - (len(tables) - 1) / 2) * 0.6 / max(len(tables), 2)
        for colour, marker, offset, (name, table) in zip(
            cycled(theme.methods, tables),
            cycled(MARKERS, tables),
            offsets,
            tables.items(),
            strict=True,
        ):
            known = table.dropna(subset="dice")
            at = known["label"].map(position) + offset
            axes.scatter(known["dice"], at, s=10, color=colour, alpha=0.4, linewidths=0)
            means = known.groupby("label")["dice"].mean()
            at = means.index.map(position) + offset
            axes.scatter(means, at, s=34, color=colour, marker=marker, label=name, zorder=3)
        axes.set_yticks(range(len(scheme)), [label.title for label in order])
        axes.set_ylim(len(scheme) - 0.5, -0.5)
        axes.set_xlim(-0.02, 1.02)
        style_axes(axes, theme)
        axes.set_xlabel("Dice", color=theme.ink, fontsize=8)
        axes.grid(axis="x", color=theme.grid, linewidth=0.8)
        axes.hlines(np.arange(len(scheme) - 1) + 0.5, -0.02, 1.02, color=theme.grid, linewidth=0.5)
        add_legend(figure, theme)
        return render(figure)

    alt = f"Dice of every label and scan for {' and '.join(tables)}; the table above has the means."
    return Picture(draw(LIGHT), alt, draw(DARK))


def figure_with_legend(height: float, names: Collection[str]) -> Figure:
    """A figure of so many inches of height, and above these room for a legend of the names."""
    height += -(-len(names) // _legend_columns(names)) * _ROW_INCHES
    return Figure(figsize=(WIDTH_INCHES, height), layout="constrained", facecolor="none")


def add_legend(figure: Figure, theme: Theme) -> None:
    """The legend of the first axes, above all of them, in as many columns as there is room for."""
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(
        handles,
        names,
        loc="outside upper left",
        ncols=_legend_columns(names),
        frameon=False,
        fontsize=7.5,
        labelcolor=theme.ink,
    )


def _legend_columns(names: Collection[str]) -> int:
    widest = _MARK_INCHES + _LETTER_INCHES * max(map(len, names), default=0)
    return max(1, min(len(names), int(WIDTH_INCHES / widest)))


def style_axes(axes: Axes, theme: Theme) -> None:
    """Quiet axes in the colours of the theme."""
    axes.set_facecolor("none")
    axes.set_axisbelow(True)
    axes.tick_params(colors=theme.ink, labelsize=8, length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(theme.grid)


def cycled(items: Sequence[str], wanted: Collection[object]) -> list[str]:
    """An item for each that is wanted, over again where there are too few."""
    return [items[position % len(items)] for position in range(len(wanted))]


def _column(rows: Rows, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Epochs and values of a column, without the epochs that have no value there."""
    pairs = [(row["epoch"], row[name]) for row in rows if row.get(name) is not None]
    return tuple(np.array(pairs, dtype=float).reshape(-1, 2).T)


def _course(rows: Rows) -> str:
    epochs, dice = _column(rows, "validation_dice")
    if not dice.size:
        return "no validation Dice"
    best = int(np.argmax(dice))
    return f"best Dice {dice[best]:.3f} at epoch {epochs[best]:.0f} of {epochs[-1]:.0f}"
