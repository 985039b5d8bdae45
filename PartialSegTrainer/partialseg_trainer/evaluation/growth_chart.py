"""A chart of one child's volumes by age, each beside the range that is published for it."""

from __future__ import annotations

import math
import os
import textwrap
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..files import atomic_path
from ..labels import LabelScheme
from .charts import LIGHT, style_axes
from .norms import Norms
from .picture import Picture, render

_COLUMNS, _WIDTH_INCHES, _ROW_INCHES = 3, 8.4, 2.1
_LETTERS_A_LINE, _LETTERS_A_TITLE = 118, 38


def write_growth_chart(
    path: str | os.PathLike,
    volumes: Mapping[str, float],
    scheme: LabelScheme,
    norms: Norms,
    weeks: float,
) -> None:
    """Write a PNG with an axis for each label that has norms, whole or not at all.

    Args:
        volumes: label -> mL, of the labels that are told.
        weeks: the post-menstrual age at the scan.

    Raises UserError where no label has norms.
    """
    picture = growth_chart(volumes, scheme, norms, weeks)
    with atomic_path(path) as temporary:
        temporary.write_bytes(picture.png)


def growth_chart(
    volumes: Mapping[str, float], scheme: LabelScheme, norms: Norms, weeks: float
) -> Picture:
    """The chart that `write_growth_chart` writes."""
    labels = norms.shared(scheme, volumes)
    words = _below(norms)
    rows = math.ceil(len(labels) / _COLUMNS)
    height = 0.55 + rows * _ROW_INCHES + 0.15 * (len(words) + 1)
    figure = Figure(figsize=(_WIDTH_INCHES, height), layout="constrained", facecolor="white")
    figure.suptitle(
        "\n".join(
            [
                f"Volumes at {weeks:g} weeks of post-menstrual age, beside what is published",
                # What a reader has to know before the figures.
                *textwrap.wrap(norms.note, _LETTERS_A_LINE - 25),
            ]
        ),
        color=LIGHT.ink,
        fontsize=10.5,
        x=0.01,
        ha="left",
    )
    figure.supxlabel("\n".join(words), color=LIGHT.ink, fontsize=7, x=0.01, ha="left")
    every = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axes, label in zip(every, labels, strict=False):
        _draw(axes, scheme[label].title, volumes[label], norms, label, weeks)
    for axes in every[len(labels) :]:
        axes.set_axis_off()
    told = "; ".join(f"{scheme[label].title} {volumes[label]:.1f} mL" for label in labels)
    return Picture(render(figure), f"Volumes at {weeks:g} weeks beside published ones: {told}.")


def _draw(axes: Axes, title: str, volume: float, norms: Norms, label: str, weeks: float) -> None:
    curve, (_, child, *_) = norms.curves[label], LIGHT.methods
    axes.fill_between(curve.weeks, curve.low, curve.high, color=LIGHT.methods[0], alpha=0.18, lw=0)
    axes.plot(curve.weeks, curve.middle, color=LIGHT.methods[0], linewidth=1.2)
    # A single published age is a line of no length.
    if len(curve.weeks) == 1:
        axes.vlines(curve.weeks, curve.low, curve.high, color=LIGHT.methods[0], alpha=0.4, lw=4)
    axes.plot(weeks, volume, "D", color=child, markersize=6, markeredgecolor="white", zorder=3)
    style_axes(axes, LIGHT)
    axes.set_ylim(bottom=0, top=1.12 * max(volume, curve.high.max()))
    axes.margins(x=0.04)
    axes.grid(axis="y", color=LIGHT.grid, linewidth=0.8)
    axes.set_ylabel("mL", color=LIGHT.ink, fontsize=7.5)
    axes.set_xlabel("weeks", color=LIGHT.ink, fontsize=7.5)
    published = norms.at(label, weeks)
    beside = (
        f"{published.low:.1f} to {published.high:.1f}"
        if published
        else f"for {curve.weeks[0]:g} to {curve.weeks[-1]:g} weeks"
    )
    words = f"{textwrap.fill(title, _LETTERS_A_TITLE)}\n{volume:.1f} mL, published {beside}"
    axes.set_title(words, color=LIGHT.ink, fontsize=7.5, loc="left", linespacing=1.35)


def _below(norms: Norms) -> Sequence[str]:
    told = [
        f"Diamond: this scan. Shaded: the published range, {norms.band}; line: its middle.",
        f"Population: {norms.population}",
        f"Source: {norms.source}",
        f"Licence: {norms.licence}",
    ]
    return [line for each in told for line in textwrap.wrap(each, _LETTERS_A_LINE)]
