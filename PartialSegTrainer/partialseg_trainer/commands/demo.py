"""`partialseg demo`: the whole loop on phantoms, through real MRML nodes."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import UserError

_MODULE = "PartialSegLib"


def demo(
    output: Annotated[
        Path, typer.Option(help="A new folder for everything that is made.", metavar="DIR")
    ] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Another seed, other phantoms.", min=0)] = 0,
) -> None:
    """Run the whole loop on phantoms, and leave a report with pictures and scores.

    Phantom neonates, most of them with only the total cerebrum drawn, are loaded as segmentation
    nodes, exported, trained on, segmented and scored. It takes a few minutes and no GPU.

    Example:

        partialseg demo --output demo
    """
    folder = _folder_of_module()
    if importlib.util.find_spec("slicer") is None:
        raise UserError(
            "The demo works on Slicer's own data nodes, and the package slicer-core is not "
            "installed; run 'pip install slicer-core', or 'make demo' in the repository."
        )
    sys.path.insert(0, str(folder))
    importlib.import_module(f"{_MODULE}.demo").main(output, seed)


def _folder_of_module() -> Path:
    """Where the Slicer module lies: beside the engine, in the repository and once installed."""
    engine = Path(__file__).resolve().parents[2]
    for folder in (engine.parent / "PartialSeg", engine):
        if (folder / _MODULE / "demo.py").is_file():
            return folder
    raise UserError(
        f"The demo needs the Slicer module PartialSeg, which is not beside the engine in {engine}; "
        "run it in a clone of the repository, as 'make demo'."
    )
