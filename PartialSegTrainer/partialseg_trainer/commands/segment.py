"""`partialseg segment`: labelmaps of new scans."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UserError
from .dicom import SeriesKey, dicom_series
from .failures import ExitCode
from .known import Known, known_scans
from .options import AsJson, Device, Overwrite
from .terminal import busy, counted, print_json, progress_bar, remark, say, show

if TYPE_CHECKING:
    from ..dicom import Series
    from ..inference import Job, Segmentation


def segment(
    source: Annotated[
        Path,
        typer.Argument(
            help="A scan, a folder of scans, a BIDS tree, or a DICOM folder or zip file.",
            metavar="IN",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            help="The labelmap (.nii.gz, .nii, .nrrd; of DICOM also .dcm), segments for Slicer "
            "(.seg.nrrd), or a folder.",
            metavar="OUT",
        ),
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A model's folder or name, or a run's folder; given again, models are averaged.",
            metavar="DIR",
            show_default="the one that ships",
        ),
    ] = None,
    confidence: Annotated[
        bool,
        typer.Option("--confidence", help="Also write how sure the model is, OUT_confidence."),
    ] = False,
    mirror: Annotated[
        bool,
        typer.Option(
            "--mirror", help="Average over the scan and its mirror image; takes twice the time."
        ),
    ] = False,
    table: Annotated[
        bool,
        typer.Option(
            "--table",
            help="Also write what each value means, OUT_dseg.tsv; folders always get it.",
        ),
    ] = False,
    known: Known = None,
    series: SeriesKey = None,
    dicom_seg: Annotated[
        bool,
        typer.Option(
            "--dicom-seg", help="Of DICOM: also write a DICOM Segmentation, OUT with .dcm."
        ),
    ] = False,
    device: Device = "auto",
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Segment scans with a trained model, of a BIDS tree those of the model's contrast.

    Each labelmap has exactly its scan's shape and affine; one that is called .seg.nrrd opens in
    Slicer as segments, with names, colours and terms, flagged until somebody has looked at it. A
    folder's scans that cannot be used do not stop the others; the exit code is 1 then.

    What is --known is kept: in every voxel the result is the most probable structure of those that
    it leaves possible. It is a labelmap of the model's values, in which what is painted is right
    and the rest unknown; with :axial, :coronal or :sagittal after it, slices with paint are drawn
    to the end, with :all the whole scan is, for the labels that occur in it. A segmentation of
    Slicer, a case's multi-label file or a dataset's folder says itself what is known. Given again,
    all of them hold.

    Of DICOM one series is segmented; a folder is looked through at every depth. A DICOM
    Segmentation carries the patient and study of its series, as the standard wants; NIfTI and NRRD
    carry nothing but voxels and their place.

    Examples:

        partialseg segment neonate.nii.gz -o neonate_seg.nii.gz
        partialseg segment neonate.nii.gz -o seg.nii.gz --known tcv.nii.gz:all
        partialseg segment neonate.nii.gz -o neonate.seg.nrrd
        partialseg segment bids-tree -o derivatives --model my-run/model --confidence
        partialseg segment neonate.nii.gz -o best.nii.gz --model run-1 --model run-2 --mirror
        partialseg segment dicom-folder -o seg.dcm --series 5
    """
    with dicom_series(source, series, quiet=as_json) as chosen:
        _segment(
            *(source, output, model, confidence, mirror, table, known, chosen, dicom_seg),
            *(device, overwrite, as_json),
        )


def _segment(
    source: Path,
    output: Path,
    model: list[str] | None,
    confidence: bool,
    mirror: bool,
    table: bool,
    known: list[str] | None,
    series: Series | None,
    dicom_seg: bool,
    device: str,
    overwrite: bool,
    as_json: bool,
) -> None:
    with busy("Loading the model"):
        from ..inference import (
            as_ensemble,
            find_jobs,
            load_model,
            other_contrast,
            segment_files,
        )
        from ..models import find_model, read_info
        from ..networks.device import choose_device

        # The descriptions are read at once; what is wrong with paths is told before any weights.
        infos = [read_info(find_model(folder)) for folder in model or [None]]
        contrasts = sorted({info.contrast for info in infos})
        if len(contrasts) > 1:
            raise UserError(
                f"The models are of {' and '.join(contrasts)} scans; average models of one "
                "contrast."
            )
        jobs = find_jobs(
            source,
            output,
            overwrite=overwrite,
            confidence=confidence,
            table=table,
            contrast=contrasts[0],
            series=series,
            dicom_seg=dicom_seg,
        )
        choose_device(device)
        models = as_ensemble([load_model(folder) for folder in model or [None]])
        annotations = known_scans(known, models[0].scheme, len(jobs))
    scans: list[dict[str, Any]] = []
    failed: list[UserError] = []
    with progress_bar("Segmenting") as advance:
        # Results are not kept: a hospital's archive would not fit into memory.
        for job, result in segment_files(
            jobs,
            models,
            device=device,
            mirror=mirror,
            confidence=confidence,
            known=annotations and annotations.of,
            progress=(lambda _: advance) if len(jobs) == 1 else None,
        ):
            scans.append(as_json_entry(job, result, other_contrast(job, contrasts[0])))
            if isinstance(result, UserError):
                failed.append(result)
            if len(jobs) > 1:
                advance(len(scans), len(jobs))
    if failed and (series or not source.is_dir()):
        raise failed[0]
    if as_json:
        names = ", ".join(each.info.name for each in models)
        print_json({"model": names, "scheme": models[0].scheme.name, "scans": scans})
    else:
        for error in failed:
            remark(f"Not segmented: {error}", "red")
        for scan in scans:
            for warning in scan.get("warnings", ()):
                remark(f"Doubtful: {scan['image']}: {warning}", "yellow")
        if len(jobs) == 1 and not failed:
            show(volumes_table(result))
            for path in jobs[0].files(confidence):
                say(f"Written: {path}")
        else:
            done = len(jobs) - len(failed)
            say(f"Segmented {done} of {counted(len(jobs), 'scan')} into {output}.")
    if failed:
        raise typer.Exit(ExitCode.PROBLEMS)


def as_json_entry(
    job: Job, result: Segmentation | UserError, doubt: str | None = None
) -> dict[str, Any]:
    """What scripts are told of one scan; `doubt` is a warning besides the result's own."""
    if isinstance(result, UserError):
        return {"image": str(job.image), "error": str(result)}
    return {
        "image": str(job.image),
        "labelmap": str(job.labelmap),
        "dicom_seg": str(job.dicom_seg) if job.dicom_seg else None,
        "confidence": str(job.confidence) if result.confidence is not None else None,
        "volumes_ml": {name: round(ml, 3) for name, ml in result.volumes_ml().items()},
        "warnings": [*([doubt] if doubt else []), *result.warnings],
    }


def volumes_table(result: Segmentation) -> Any:
    """The volume of each label, the parts of a super-label below it."""
    from rich.table import Table

    volumes = result.volumes_ml()
    table = Table("Label", "Name")
    table.add_column("Volume (mL)", justify="right")
    for label, depth in result.scheme.outline():
        ml = f"{volumes[label.name]:.2f}" if label.name in volumes else "not told by this model"
        table.add_row("  " * depth + label.title, label.name, ml)
    return table
