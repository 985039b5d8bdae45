"""`partialseg evaluate`: scores of labelmaps against a truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import UserError
from ..folders import missing
from .failures import ExitCode
from .options import AsJson, NnUNetValuesFile, Overwrite, Scheme, nnunet_values
from .terminal import counted, print_json, progress_bar, remark, say, show


def evaluate(
    prediction: Annotated[
        Path, typer.Argument(help="A labelmap, or a folder of them.", metavar="PRED")
    ],
    truth: Annotated[
        Path, typer.Argument(help="The labelmap, or folder, to compare with.", metavar="TRUTH")
    ],
    scheme: Scheme,
    values: NnUNetValuesFile = None,
    csv: Annotated[
        Path | None,
        typer.Option(help="Also write a row for each scan and label.", metavar="FILE"),
    ] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Score segmentations: Dice, surface distances in mm, surface Dice, volumes in mL, lesions.

    Super-labels are scored too. In folders, files of the same scan are paired by name. A score
    that is undefined, where a label is missing on one side, is left out of the means and counted.
    Scans that cannot be scored do not stop the others; the exit code is 1 then.
    nnU-Net's values are those of the dataset.json beside its predictions, or of --values.
    --csv and --json have more: precision, recall, the relative volume difference, the Hausdorff
    distance and surface Dice at 0.5 mm. Lesion-wise F1 is that of the WMH Segmentation Challenge:
    lesions that touch by a corner are one, and one voxel in common is enough to be found.

    Examples:

        partialseg evaluate predicted.nii.gz truth.nii.gz --scheme dhcp9
        partialseg evaluate predictions truths --scheme dhcp9 --csv scores.csv --json
    """
    if csv is not None and csv.exists() and not overwrite:
        raise UserError(
            f"{csv} already exists; choose another file, or ask to overwrite (--overwrite)."
        )
    for path in (prediction, truth):
        if not path.exists():
            raise missing(path)
    if prediction.is_dir() != truth.is_dir():
        folder, file = (prediction, truth) if prediction.is_dir() else (truth, prediction)
        raise UserError(f"{folder} is a folder and {file} a file; give two folders or two files.")

    from ..evaluation import (
        score_files,
        score_folders,
        score_table,
        scores_content,
        summary_table,
        terminal_table,
    )
    from ..files import write_text
    from ..labels import LabelScheme
    from ..plain_text import spreadsheet

    chosen = LabelScheme.load(scheme)
    declared = nnunet_values(values, prediction, chosen)
    if (declared is None) != (nnunet_values(None, truth, chosen) is None):
        plain = prediction if declared is None else truth
        remark(
            f"No map of nnU-Net's values speaks for {plain}: its values are taken as those of "
            f"scheme '{chosen.name}'.",
            "yellow" if plain == prediction else "dim",
        )
    failed: dict[str, UserError] = {}
    if prediction.is_dir():
        with progress_bar("Scoring scans") as advance:
            scores = score_folders(prediction, truth, chosen, advance, failed, declared)
    else:
        scores = {prediction.name: score_files(prediction, truth, chosen, declared)}
    table = score_table(scores)
    if csv is not None:
        write_text(csv, spreadsheet(table.to_csv(index=False)))
    if as_json:
        errors = {scan: str(error) for scan, error in failed.items()}
        print_json({**scores_content(scores, chosen), "failed": errors})
    else:
        if scores:
            show(terminal_table(summary_table(table), chosen))
        for scan, rows in scores.items():
            for row in rows:
                if row.note:
                    say(f"{scan}: {chosen[row.label].title}: {row.note}.", "yellow")
        for error in failed.values():
            remark(f"Not scored: {error}", "red")
        if failed:
            scans = counted(len(scores) + len(failed), "scan")
            say(f"Scored {len(scores)} of {scans}; the means are of these alone.")
        if csv is not None:
            remark(f"Written: {csv}")
    if failed:
        raise typer.Exit(ExitCode.PROBLEMS)
