"""`partialseg export`: a dataset in the layout of another program."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from .options import AsJson
from .terminal import counted, print_json, progress_bar, remark, say


def export(
    dataset: Annotated[Path, typer.Argument(help="The dataset's folder.", metavar="DATASET")],
    output: Annotated[Path, typer.Argument(help="The folder to make.", metavar="OUT")],
    to: Annotated[Literal["nnunet"], typer.Option(help="The layout to write.")],
    as_json: AsJson = False,
) -> None:
    """Write a dataset in the layout of another program, and say what that layout cannot hold.

    nnU-Net gets its regions and its ignore label. A voxel known to be cerebrum, but not which
    part, can only be ignored there; how many these are is counted. Who is fixed for testing goes to
    imagesTs, and splits_final.json keeps subjects and groups together.

    Example:

        partialseg export my-dataset nnUNet_raw/Dataset001_Neonates --to nnunet
    """
    from ..dataset import Dataset, export_nnunet

    with progress_bar("Exporting scans") as advance:
        done = export_nnunet(Dataset.open(dataset), output, advance)
    if as_json:
        counts = {case: asdict(voxels) for case, voxels in done.counts.items()}
        print_json(
            {
                "folder": str(done.folder),
                "layout": to,
                "test": list(done.test),
                "folds": done.folds,
                "voxels": counts,
            }
        )
        return
    say(f"Exported {counted(len(done.counts), 'scan')} to {done.folder}.")
    if done.test:
        say(f"{counted(len(done.test), 'scan')} fixed for testing: in imagesTs and labelsTs.")
    if done.folds:
        remark(
            f"{done.folder / 'splits_final.json'} keeps subjects and groups together in "
            f"{counted(done.folds, 'fold')}; copy it to nnU-Net's folder of the preprocessed "
            "dataset before you train.",
            "dim",
        )
    else:
        remark("There are too few subjects to validate by; train nnU-Net's fold 'all'.", "yellow")
    if done.lost:
        partial = sum(voxels.lost > 0 for voxels in done.counts.values())
        remark(
            f"{counted(done.lost, 'voxel')} of {counted(partial, 'scan')} known in part will be "
            "ignored: nnU-Net cannot say more.",
            "yellow",
        )
