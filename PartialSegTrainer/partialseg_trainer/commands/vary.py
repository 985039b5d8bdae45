"""`partialseg vary`: a dataset with randomised copies of its scans."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson
from .survey import report
from .terminal import progress_bar


def vary(
    dataset: Annotated[Path, typer.Argument(help="The dataset's folder.", metavar="DATASET")],
    output: Annotated[Path, typer.Argument(help="The folder to make.", metavar="OUT")],
    copies: Annotated[int, typer.Option(help="Copies of each scan.", min=1, metavar="N")] = 2,
    seed: Annotated[int, typer.Option(help="Another seed, other copies.", min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """Add randomised copies of scans to a dataset, to train for other scanners and contrasts.

    A copy has its scan's anatomy, deformed, and its annotation, with tissues of any brightness,
    bias field, resolution and noise. Scans that validate or test are not copied.

    Example:

        partialseg vary my-dataset my-dataset-varied --copies 2
    """
    from ..dataset import Dataset
    from ..synthesis import vary_dataset

    source = Dataset.open(dataset)
    with progress_bar("Making copies") as advance:
        made = vary_dataset(source, output, copies=copies, seed=seed, progress=advance)
    report(made, as_json)
