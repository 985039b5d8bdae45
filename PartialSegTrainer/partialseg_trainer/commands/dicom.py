"""The option --series: which one of a DICOM folder or zip file is meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UserError
from .terminal import busy, show

if TYPE_CHECKING:
    from ..dicom import Series

SeriesKey = Annotated[
    str | None,
    typer.Option(
        "--series",
        help="Of a DICOM folder or zip file: the series' number or UID; without it, they are "
        "listed where there are several.",
        metavar="NUMBER",
    ),
]


@contextmanager
def dicom_series(source: Path, wanted: str | None, *, quiet: bool) -> Iterator[Series | None]:
    """The series in `source` that is meant; None where the source holds images of other formats.

    Those there are are listed where none was chosen, unless `quiet`. Raises UserError as
    `dicom.choose_series` does, and where a series is wanted of what is no DICOM.
    """
    from ..dicom import choose_series, is_dicom_source, open_dicom
    from ..inference import holds_scans

    if not source.exists() or (wanted is None and holds_scans(source)):
        yield None
        return
    if not is_dicom_source(source):
        if wanted is not None:
            raise UserError(
                f"{source} is no DICOM folder, zip file or image, of which --series chooses; leave "
                "the option out, or name one."
            )
        yield None
        return
    with open_dicom(source) as series:
        if wanted is None and len(series) > 1 and not quiet:
            with busy("Looking at the series"):
                table = _table(series)
            show(table)
        yield choose_series(series, wanted)


def _table(series: list[Series]) -> object:
    from rich.table import Table

    table = Table("Series", "Description", "Modality")
    table.add_column("Images", justify="right")
    table.add_column("As a scan")
    for one in series:
        first = one.images[0]
        table.add_row(
            *(one.key, first.description, first.modality, str(len(one.images)), _as_scan(one))
        )
    return table


def _as_scan(series: Series) -> str:
    try:
        found = series.stack
    except UserError as error:
        return f"no: {str(error).removeprefix(series.name).strip()}"
    from ..volumes import Grid

    size = " x ".join(map(str, found.shape))
    spacing = " x ".join(f"{mm:.3g}" for mm in Grid(found.shape, found.affine).spacing)
    return f"{size} voxels of {spacing} mm"
