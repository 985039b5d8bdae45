"""`partialseg synthesize`: a dataset of phantom neonates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, names
from .survey import report
from .terminal import progress_bar


def synthesize(
    output: Annotated[Path, typer.Argument(help="The dataset's folder to make.", metavar="OUT")],
    subjects: Annotated[int, typer.Option(help="How many phantoms.", min=1, metavar="N")] = 8,
    full: Annotated[
        int, typer.Option(help="How many of them keep all labels.", min=0, metavar="N")
    ] = 2,
    hide: Annotated[
        str, typer.Option(help="Labels that the others lack.", metavar="NAME,...")
    ] = "cgm,wm,dgm",
    seed: Annotated[int, typer.Option(help="Another seed, other phantoms.", min=0)] = 0,
    contrasts: Annotated[
        str,
        typer.Option(
            "--contrasts", help="The images of each phantom, as T2w T1w.", metavar="NAME,..."
        ),
    ] = "T2w",
    as_json: AsJson = False,
) -> None:
    """Make a dataset of phantom neonates, to try things without scans.

    Example:

        partialseg synthesize phantoms --subjects 8 --full 2
        partialseg synthesize both --contrasts T2w T1w
    """
    from ..synthesis import synthesize_dataset

    with progress_bar("Making phantoms") as advance:
        made = synthesize_dataset(
            output,
            subjects=subjects,
            full=full,
            seed=seed,
            hide=names(hide),
            contrasts=names(contrasts),
            progress=advance,
        )
    report(made, as_json)
