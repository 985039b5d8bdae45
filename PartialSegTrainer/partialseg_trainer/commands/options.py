"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

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
RunsRoot = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the runs.", metavar="DIR", show_default="your own, beside other user data"
    ),
]


def names(text: str | None) -> tuple[str, ...]:
    """The entries of a list such as `wm,cgm,dgm`."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())
