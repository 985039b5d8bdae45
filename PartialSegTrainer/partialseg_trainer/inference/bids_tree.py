"""What makes the results of a BIDS tree a BIDS derivative of their own."""

from __future__ import annotations

import os
from pathlib import Path

from .. import __version__
from ..dataset.folder import Description, Generator
from ..dataset.layout import BIDSIGNORE, DESCRIPTION
from ..files import write_json, write_text


def describe_tree(output: str | os.PathLike) -> None:
    """Write dataset_description.json into the folder of results, unless there is one."""
    path = Path(output) / DESCRIPTION
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    described = Description(
        Name="Segmentations by PartialSeg",
        BIDSVersion="1.10.0",
        DatasetType="derivative",
        GeneratedBy=[Generator(Name="PartialSeg", Version=__version__)],
    )
    write_json(path, described.model_dump(exclude={"Contrast"}))
    ignored = path.with_name(BIDSIGNORE)
    if not ignored.exists():
        # BIDS has no names for what lies beside a labelmap (confidence, pictures, single labels),
        # nor for tables of a cohort.
        write_text(ignored, "*_confidence.*\n*_dseg_*\n*.csv\n")
