"""Pictures of a scan with its labels: what was segmented, and what was known of a training scan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ..errors import UserError
from ..labels import LabelScheme, LabelSets
from ..volumes import Volume, normalise_intensity
from .picture import Picture, render
from .views import PLANES, Viewer

# Scans are shown on black in either theme, as on a reading screen.
_PAPER = "#0e1013"
_INK = "#e8eaed"
_COLUMN_INCHES = 2.3
_TITLE_INCHES = 0.3
_LEGEND_ROW_INCHES = 0.24
_LEGEND_COLUMNS = 4
_LABEL_ALPHA = 0.68
_STRIPE_MM = 2.0
_STRIPE_LIGHT = (0.80, 0.82, 0.86, 0.62)
_STRIPE_DARK = (0.16, 0.18, 0.21, 0.62)

Paint = Callable[[Axes, str], None]


def segmentation_picture(
    image: Volume,
    labelmaps: Mapping[str, Volume],
    scheme: LabelScheme,
    *,
    focus: str,
    name: str,
    planes: Sequence[str] = tuple(PLANES),
) -> Picture:
    """A scan and labelmaps of it, such as truth and predictions, side by side in three planes.

    Args:
        labelmaps: by the heading of their column; values of `scheme`, on the grid of the image.
        focus: the label that the slices are laid through, where the first labelmap has most of it.
        name: of the scan, for the alternative text.

    Raises:
        UserError: a labelmap lies on another grid than the image.
    """
    for heading, labelmap in labelmaps.items():
        mismatch = labelmap.grid.mismatch(image.grid)
        if mismatch:
            raise UserError(
                f"{heading} of {name} does not fit the scan: its {mismatch}; resample it to the "
                "scan first."
            )
    viewer = Viewer.of(image)
    first = next(iter(labelmaps.values()))
    positions = viewer.fullest(scheme.mask(first.data, focus))
    colours = _colour_table(scheme)

    def painter(labelmap: Volume) -> Paint:
        def paint(axes: Axes, plane: str) -> None:
            values = viewer.slice(labelmap.data, plane, positions[plane])
            _show(axes, colours[values], viewer, plane)

        return paint

    shown = {int(value) for labelmap in labelmaps.values() for value in np.unique(labelmap.data)}
    legend = [
        Patch(color=np.divide(label.colour, 255), label=label.title)
        for label in scheme
        if label.value in shown
    ]
    columns = {
        "Scan": None,
        **{heading: painter(labelmap) for heading, labelmap in labelmaps.items()},
    }
    figure = _panels(image, viewer, positions, columns, planes, legend)
    alt = (
        f"{_listed(planes).capitalize()} slices of {name} through {scheme[focus].title.lower()}: "
        f"{_listed(['the scan', *labelmaps])}."
    )
    return Picture(render(figure), alt)


def partial_picture(
    image: Volume,
    sets: LabelSets,
    names: Sequence[str],
    *,
    name: str,
    focus: str | None = None,
    planes: Sequence[str] = ("axial", "coronal"),
) -> Picture:
    """What a partly labelled scan says about each of some labels: yes, no or unknown.

    Args:
        sets: the label sets of the scan, in the image's voxel order.
        names: the labels to show, a column each; a super-label and some of its parts, say.
        name: of the scan, for the alternative text.
        focus: the label that the slices are laid through; the first of `names` if None.

    Raises:
        UserError: the label sets have another shape than the image.
    """
    if sets.shape != image.grid.shape:
        raise UserError(
            f"The label sets of {name} have shape {sets.shape}, but its scan {image.grid.shape}; "
            "make them on the grid of the scan."
        )
    viewer = Viewer.of(image)
    positions = viewer.fullest(sets.value_of(focus or names[0]) == 1)

    def painter(label: str) -> Paint:
        colour = (*np.divide(sets.scheme[label].colour, 255), _LABEL_ALPHA)

        def paint(axes: Axes, plane: str) -> None:
            values = viewer.slice(sets.value_of(label), plane, positions[plane])
            _show(axes, _striped(values, colour, viewer.pixel_mm(plane)), viewer, plane)

        return paint

    legend = [
        *(
            Patch(
                color=np.divide(sets.scheme[label].colour, 255),
                label=f"{sets.scheme[label].title}: yes",
            )
            for label in names
            if (sets.value_of(label) == 1).any()
        ),
        Patch(facecolor=_STRIPE_DARK, edgecolor=_STRIPE_LIGHT, hatch="/////", label="unknown"),
        Patch(facecolor="#55585e", edgecolor="none", label="plain scan: no"),
    ]
    columns = {"Scan": None, **{sets.scheme[label].title: painter(label) for label in names}}
    figure = _panels(image, viewer, positions, columns, planes, legend)
    said = (f"{sets.scheme[label].title.lower()} is {_known(sets, label)}" for label in names)
    return Picture(
        render(figure),
        f"{_listed(planes).capitalize()} slices of {name}: the scan, and where each label is known "
        f"to be, known not to be, or unknown. Of the whole volume, {_listed(said)}.",
    )


def _panels(
    image: Volume,
    viewer: Viewer,
    positions: Mapping[str, int],
    columns: Mapping[str, Paint | None],
    planes: Sequence[str],
    legend: Sequence[Patch],
) -> Figure:
    """The scan in every panel, a column each for what is painted on it, a row a plane."""
    intensities = normalise_intensity(image.data)
    widest = max(viewer.extent_mm(plane)[1] for plane in planes)
    heights = [viewer.extent_mm(plane)[0] / widest * _COLUMN_INCHES for plane in planes]
    # The longest titles need about a column of the picture each.
    legend_columns = max(1, min(_LEGEND_COLUMNS, len(columns) - 1, len(legend)))
    legend_inches = -(-len(legend) // legend_columns) * _LEGEND_ROW_INCHES + 0.15
    width = _COLUMN_INCHES * len(columns)
    height = _TITLE_INCHES + sum(heights) + legend_inches
    figure = Figure(figsize=(width, height), facecolor=_PAPER)
    grid = figure.add_gridspec(
        len(planes),
        len(columns),
        height_ratios=heights,
        left=0.01,
        right=0.99,
        top=1 - _TITLE_INCHES / height,
        bottom=legend_inches / height,
        wspace=0.02,
        hspace=0.02,
    )
    for row, plane in enumerate(planes):
        background = viewer.slice(intensities, plane, positions[plane])
        for column, (heading, paint) in enumerate(columns.items()):
            axes = figure.add_subplot(grid[row, column])
            axes.set_axis_off()
            _show(axes, background, viewer, plane)
            if row == 0:
                axes.set_title(heading, color=_INK, fontsize=9)
            if paint:
                paint(axes, plane)
            elif plane != "sagittal":
                axes.text(0.02, 0.5, "R", color=_INK, fontsize=7, transform=axes.transAxes)
    figure.legend(
        handles=legend,
        loc="lower center",
        ncols=legend_columns,
        frameon=False,
        fontsize=7.5,
        labelcolor=_INK,
    )
    return figure


def _show(axes: Axes, pixels: np.ndarray, viewer: Viewer, plane: str) -> None:
    """Draw a slice, grey (rows, columns) in [0, 1] or RGBA, in mm."""
    height, width = viewer.extent_mm(plane)
    axes.imshow(
        pixels,
        cmap="gray",
        vmin=0,
        vmax=1,
        extent=(0, width, 0, height),
        interpolation="bilinear" if pixels.ndim == 2 else "nearest",
    )


def _colour_table(scheme: LabelScheme) -> np.ndarray:
    """(values, 4) RGBA of each value of a labelmap; the outside is transparent."""
    table = np.zeros((scheme.labels[-1].value + 1, 4))
    for label in scheme:
        table[label.value] = (*np.divide(label.colour, 255), _LABEL_ALPHA)
    return table


def _striped(
    values: np.ndarray, colour: tuple[float, ...], pixel_mm: tuple[float, float]
) -> np.ndarray:
    """RGBA of 0/1/2: transparent, the colour, diagonal stripes; finer than the voxels."""
    finer = 8
    values = values.repeat(finer, axis=0).repeat(finer, axis=1)
    down, right = (np.arange(n) * mm / finer for n, mm in zip(values.shape, pixel_mm, strict=True))
    light = np.add.outer(down, right) // _STRIPE_MM % 2 == 0
    pixels = np.zeros((*values.shape, 4))
    pixels[values == 1] = colour
    pixels[values == 2] = _STRIPE_DARK
    pixels[(values == 2) & light] = _STRIPE_LIGHT
    return pixels


def _known(sets: LabelSets, label: str) -> str:
    no, yes, unknown = np.bincount(sets.value_of(label).ravel(), minlength=3) / sets.codes.size
    return f"yes in {yes:.1%}, no in {no:.1%} and unknown in {unknown:.1%}"


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
