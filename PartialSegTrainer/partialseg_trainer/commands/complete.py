"""`partialseg complete`: the rest of a scan, from what was drawn on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ..errors import UserError
from .known import Known, known_scans
from .options import (
    AsJson,
    Confidence,
    Device,
    FurtherImages,
    Mirror,
    Overwrite,
    further_images,
)
from .segment import as_json_entry, volumes_table
from .terminal import busy, print_json, progress_bar, remark, say, show


def complete(
    scan: Annotated[Path, typer.Argument(help="The scan that was drawn on.", metavar="SCAN")],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="The labelmap (.nii.gz, .nii, .nrrd).", metavar="OUT"),
    ],
    known: Known = None,
    further: FurtherImages = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="A model's folder or name, or a run's folder.",
            metavar="DIR",
            show_default="the one that ships",
        ),
    ] = None,
    effort: Annotated[
        float,
        typer.Option(
            help="So many times the usual time to learn, which is up to 45 s; 0 only keeps what "
            "was drawn.",
            min=0,
            max=100,
        ),
    ] = 1.0,
    dataset: Annotated[
        Path | None,
        typer.Option(help="Learn from the scans of a dataset beside it.", metavar="DIR"),
    ] = None,
    keep_model: Annotated[
        Path | None,
        typer.Option(help="A new folder for the model that learned from it.", metavar="DIR"),
    ] = None,
    confidence: Confidence = False,
    mirror: Mirror = False,
    device: Device = "auto",
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Complete what was drawn on a scan.

    A copy of the model first learns from what was drawn on this very scan, for less than a minute
    on two processor cores; then the most probable structure is found in every voxel, of those that
    the drawing leaves possible. Nothing drawn is changed, and neither is the model. Where too
    little was drawn to learn from, it says so and does the second alone.

    Examples:

        partialseg complete neonate.nii.gz --known slices.nii.gz:axial -o neonate_seg.nii.gz
        partialseg complete neonate.nii.gz --known case_desc-partial_multilabel.nii.gz -o seg.nii.gz
    """
    if not known:
        raise UserError(
            "Nothing is named that was drawn; name it with --known, or segment the scan without."
        )
    with busy("Loading the model"):
        from ..completion import Beside, Effort, draw_next, keep, require_new
        from ..completion import complete as complete_scan
        from ..inference import (
            Outputs,
            find_jobs,
            load_model,
            other_contrast,
            write_segmentation,
        )
        from ..models import find_model, read_info
        from ..networks.device import choose_device
        from ..volumes import read_volume

        if scan.is_dir():
            raise UserError(f"{scan} is a folder; name the one scan that was drawn on.")
        outputs = Outputs(confidence)
        contrasts = read_info(find_model(model)).contrasts
        (job,) = find_jobs(
            scan,
            output,
            overwrite=overwrite,
            outputs=outputs,
            contrast=contrasts,
            images=further_images(further),
        )
        choose_device(device)
        if keep_model is not None:
            require_new(keep_model)
        chosen = load_model(model)
        image = read_volume(job.image)
        drawn = known_scans(known, chosen.scheme, 1).of(image)
        beside = None if dataset is None else Beside.of_dataset(dataset, chosen)
    began = time.monotonic()
    with ExitStack() as bars:
        stages: dict[str, Callable[[int, int], None]] = {}

        def told(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                bars.close()
                stages[stage] = bars.enter_context(progress_bar(stage))
            stages[stage](done, total)

        result = complete_scan(
            job.shown(image),
            chosen,
            drawn,
            learn=effort > 0,
            effort=Effort().times(effort or 1),
            beside=beside,
            device=device,
            mirror=mirror,
            confidence=True,
            progress=told,
        )
    proposal = draw_next(result.segmentation)
    entry = as_json_entry(
        job, result.segmentation, outputs, other_contrast(job, chosen.info.contrasts)
    )
    write_segmentation(job, result.segmentation, outputs)
    if result.model is not None and keep_model is not None:
        keep(result.model, keep_model)
    if as_json:
        print_json(
            {
                "model": chosen.info.name,
                "scheme": chosen.scheme.name,
                "learned": result.model is not None,
                "reason": result.reason,
                "draw_next": proposal and asdict(proposal),
                "seconds": round(time.monotonic() - began, 1),
                **entry,
            }
        )
        return
    if result.reason:
        remark(f"Nothing was learned from the drawing, which is kept: {result.reason}", "yellow")
    for warning in entry["warnings"]:
        remark(f"Doubtful: {warning}", "yellow")
    show(volumes_table(result.segmentation))
    if proposal is not None:
        say(f"Draw next: {proposal.kind}, {proposal.mm:.0f} mm, where it is least sure.")
    say(f"Written: {job.labelmap}")
    if confidence:
        say(f"Written: {job.confidence}")
    if result.model is not None and keep_model is not None:
        say(f"Written: {keep_model}")
