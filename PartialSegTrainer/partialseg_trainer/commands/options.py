"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .terminal import remark

if TYPE_CHECKING:
    from ..dataset import NnUNetValues
    from ..labels import LabelScheme

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document instead of text, for scripts.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")]
Device = Annotated[
    str, typer.Option(help="What computes: auto, cpu, cuda, cuda:1 or mps.", metavar="NAME")
]
Scheme = Annotated[
    str | None,
    typer.Option(
        help="Label scheme: dhcp9, fetal8, brainstem, wmh-stroke, or a scheme's JSON file.",
        metavar="NAME",
    ),
]
NnUNetValuesFile = Annotated[
    Path | None,
    typer.Option(
        "--values",
        help="What nnU-Net's values mean: the dataset.json of the export.",
        metavar="FILE",
        show_default="the one beside the labelmaps, if there is one",
    ),
]
RunsRoot = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the runs.", metavar="DIR", show_default="your own, beside other user data"
    ),
]


def nnunet_values(file: Path | None, labelmaps: Path, scheme: LabelScheme) -> NnUNetValues | None:
    """The map in `file`, or in the one beside the labelmaps; a remark says that it is used.

    Raises UserError for a file without a map, and for a map of another scheme.
    """
    from ..dataset import read_values, values_beside

    found = read_values(file, scheme) if file else values_beside(labelmaps, scheme)
    if found is not None:
        remark(f"The values of {labelmaps} are nnU-Net's, and are taken by {found.origin}", "dim")
    return found


def names(text: str | None) -> tuple[str, ...]:
    """The entries of a list such as `wm,cgm,dgm`."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())
