"""The option --known: annotations that a result has to keep to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UserError

if TYPE_CHECKING:
    from ..dataset import KnownScans
    from ..labels import LabelScheme

Known = Annotated[
    list[str] | None,
    typer.Option(
        "--known",
        help="What was drawn on the scan, and is kept: a labelmap, with :axial, :coronal, "
        ":sagittal or :all how far it was drawn; a .seg.nrrd; a case's multi-label file; a "
        "dataset.",
        metavar="FILE[:HOW]",
    ),
]


def known_scans(words: list[str] | None, scheme: LabelScheme, scans: int) -> KnownScans | None:
    """What these words name, None where there are none.

    Raises UserError for a path that does not exist, and for a file where there are several scans.
    """
    if not words:
        return None
    from ..dataset import KnownScans, parse_annotation

    known = KnownScans([parse_annotation(entry) for entry in words], scheme)
    if scans > 1 and not known.of_any_scan:
        raise UserError(
            f"{words[0]} is the annotation of one scan, but there are {scans} scans; name a "
            "dataset that holds them, or one scan."
        )
    return known
