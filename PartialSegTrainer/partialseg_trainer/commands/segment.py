"""`partialseg segment`: labelmaps of new scans."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UserError
from .dicom import SeriesKey, dicom_series
from .failures import ExitCode
from .known import Known, known_scans
from .numbers_and_pictures import NumbersAndPictures
from .options import (
    AsJson,
    Confidence,
    Device,
    FurtherImages,
    Mirror,
    Overwrite,
    further_images,
    names,
)
from .published import published_volumes, require_ages
from .result_options import (
    Age,
    Continue,
    Labels,
    NormsTable,
    PartOf,
    Preview,
    Probabilities,
    Quiet,
    Split,
    Statistics,
    Threads,
)
from .terminal import busy, counted, print_json, progress_bar, remark, say, show

if TYPE_CHECKING:
    from ..evaluation import Norms
    from ..inference import Job, Outputs, Segmentation


def segment(
    context: typer.Context,
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
    confidence: Confidence = False,
    mirror: Mirror = False,
    fast: Annotated[
        bool,
        typer.Option(
            "--fast",
            help="Look at every second slice alone: half the time, for 0.005 of Dice; a tilted "
            "head is not turned then.",
        ),
    ] = False,
    table: Annotated[
        bool,
        typer.Option(
            "--table",
            help="Also write what each value means, OUT_dseg.tsv; folders always get it.",
        ),
    ] = False,
    image: FurtherImages = None,
    known: Known = None,
    series: SeriesKey = None,
    dicom_seg: Annotated[
        bool,
        typer.Option(
            "--dicom-seg", help="Of DICOM: also write a DICOM Segmentation, OUT with .dcm."
        ),
    ] = False,
    statistics: Statistics = None,
    preview: Preview = False,
    probabilities: Probabilities = False,
    labels: Labels = None,
    split: Split = False,
    age: Age = None,
    norms: NormsTable = None,
    go_on: Continue = False,
    part: PartOf = None,
    device: Device = "auto",
    threads: Threads = None,
    quiet: Quiet = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Segment scans with a trained model, of a BIDS tree those of the model's contrasts.

    Each labelmap has exactly its scan's shape and affine; one that is called .seg.nrrd opens in
    Slicer as segments, with names, colours and terms, flagged until somebody has looked at it. A
    folder's scans that cannot be used do not stop the others; the exit code is 1 then.

    What is --known is kept: in every voxel the result is the most probable structure of those that
    it leaves possible. It is a labelmap of the model's values, in which what is painted is right
    and the rest unknown; with :axial, :coronal or :sagittal after it, slices with paint are drawn
    to the end, with :all the whole scan is, for the labels that occur in it. A segmentation of
    Slicer, a case's multi-label file or a dataset's folder says itself what is known. Given again,
    all of them hold.

    A model of several contrasts (models show tells them) needs an image of each; IN is the first of
    them, unless its name says another. The others are found by their names, which are the same but
    for the contrast at the end, or given with --image. Where the model has learned to do without
    one (contrast_dropout), a scan that lacks it is segmented with a warning.

    Of DICOM one series is segmented; a folder is looked through at every depth. A DICOM
    Segmentation carries the patient and study of its series, as the standard wants; NIfTI and NRRD
    carry nothing but voxels and their place.

    --norms sets the volumes beside published ones; nothing is said of whether they are as they
    should be.

    Examples:

        partialseg segment neonate.nii.gz -o neonate_seg.nii.gz
        partialseg segment neonate.nii.gz -o seg.nii.gz --known tcv.nii.gz:all
        partialseg segment neonate.nii.gz -o neonate.seg.nrrd
        partialseg segment bids-tree -o derivatives --model my-run/model --confidence
        partialseg segment cohort -o out --statistics volumes.csv --preview --continue
        partialseg segment neonate.nii.gz -o best.nii.gz --model run-1 --model run-2 --mirror
        partialseg segment neonate.nii.gz -o seg.nii.gz --norms our-norms.csv --age 38.5
        partialseg segment dicom-folder -o seg.dcm --series 5
        partialseg segment T2.nii.gz -o seg.nii.gz --model two-contrasts --image T1w=T1.nii.gz
    """
    # Open until the command ends: a zip file's series is unpacked meanwhile.
    chosen = context.with_resource(dicom_series(source, series, quiet=quiet or as_json))
    with busy("Loading the model", quiet):
        from ..inference import (
            Outputs,
            Part,
            as_ensemble,
            chosen_labels,
            find_jobs,
            labelmaps_left_out,
            load_model,
            other_contrast,
            segment_files,
        )
        from ..labels import LabelScheme
        from ..models import find_model, read_info
        from ..networks.device import choose_device, use_threads

        published, ages = published_volumes(norms, age, source, many=source.is_dir() and not chosen)
        share = Part.parse(part) if part else None
        # The descriptions are read at once; what is wrong with paths is told before any weights.
        infos = [read_info(find_model(folder)) for folder in model or [None]]
        kinds = sorted({info.of_contrasts for info in infos})
        if len(kinds) > 1:
            raise UserError(
                f"The models are of {', and of '.join(kinds)} scans; average models of the same "
                "contrasts."
            )
        contrasts = infos[0].contrasts
        told = chosen_labels(names(labels), infos)
        if published:
            published.shared(LabelScheme.from_dict(infos[0].scheme), told)
        outputs = Outputs(
            confidence, probabilities, preview, told if split else (), told if labels else None
        )
        jobs = find_jobs(
            source,
            output,
            overwrite=overwrite or go_on,
            outputs=outputs,
            table=table,
            contrast=contrasts,
            images=further_images(image),
            series=chosen,
            dicom_seg=dicom_seg,
            part=share,
            age=ages,
        )
        left_out = [] if chosen else labelmaps_left_out(source, contrasts[0])
        ageless = require_ages(jobs) if published else []
        beside = NumbersAndPictures(
            *(source, outputs, statistics),
            part=share,
            resume=go_on,
            overwrite=overwrite,
            norms=published,
        )
        found = len(jobs)
        jobs = [job for job in jobs if not (go_on and beside.is_done(job))]
        there = found - len(jobs)
        choose_device(device)
        use_threads(threads)
        models = as_ensemble([load_model(folder) for folder in model or [None]])
        annotations = known_scans(known, models[0].scheme, len(jobs))
    scans: list[dict[str, Any]] = []
    failed: list[UserError] = []
    with progress_bar("Segmenting", quiet) as advance:
        # Results are not kept: a hospital's archive would not fit into memory.
        for job, result in segment_files(
            jobs,
            models,
            device=device,
            mirror=mirror,
            fast=fast,
            outputs=outputs,
            measured=statistics is not None,
            known=annotations and annotations.of,
            also=beside.add,
            progress=(lambda _: advance) if len(jobs) == 1 else None,
        ):
            doubt = other_contrast(job, contrasts)
            scans.append(as_json_entry(job, result, outputs, doubt, published))
            if isinstance(result, UserError):
                failed.append(result)
            if len(jobs) > 1:
                advance(len(scans), len(jobs))
    if failed and (chosen or not source.is_dir()):
        raise failed[0]
    beside.finish()
    if as_json:
        content = {
            "model": ", ".join(each.info.name for each in models),
            "scheme": models[0].scheme.name,
            "statistics": str(beside.table) if beside.table else None,
            "there_already": there,
            "left_out": [str(path) for path in left_out],
            "scans": scans,
        }
        print_json(content)
    else:
        for error in failed:
            remark(f"Not segmented: {error}", "red")
        for scan in scans:
            for warning in scan.get("warnings", ()):
                remark(f"Doubtful: {scan['image']}: {warning}", "yellow")
        if left_out:
            remark(
                "Left out, as labelmaps of scans beside them: "
                f"{', '.join(path.name for path in left_out[:5])}{', ...' * (len(left_out) > 5)}; "
                "name one alone to segment it.",
                "yellow",
            )
        if ageless:
            remark(
                f"No chart of {counted(len(ageless), 'scan')}, whose age is not known: "
                f"{', '.join(ageless[:5])}{', ...' * (len(ageless) > 5)}",
                "yellow",
            )
        if not quiet:
            if len(jobs) == 1 and not failed:
                weeks = jobs[0].weeks
                show(volumes_table(result, told if labels else None, published, weeks))
                for path in jobs[0].files(outputs):
                    say(f"Written: {path}")
            else:
                done = len(jobs) - len(failed)
                already = f"; {there} had been done before" * bool(there)
                say(f"Segmented {done} of {counted(len(jobs), 'scan')} into {output}{already}.")
            if beside.table:
                say(f"Written: {beside.table}")
    if failed:
        raise typer.Exit(ExitCode.PROBLEMS)


def as_json_entry(
    job: Job,
    result: Segmentation | UserError,
    outputs: Outputs,
    doubt: str | None = None,
    norms: Norms | None = None,
) -> dict[str, Any]:
    """What scripts are told of one scan; `doubt` is a warning besides the result's own."""
    if isinstance(result, UserError):
        return {"image": str(job.image), "error": str(result)}
    beside = {} if norms is None else {"published": as_published(norms, result, job.weeks)}
    return {
        "image": str(job.image),
        "labelmap": str(job.labelmap),
        "dicom_seg": str(job.dicom_seg) if job.dicom_seg else None,
        "confidence": str(job.confidence) if outputs.confidence else None,
        "files": [str(path) for path in job.files(outputs)],
        "volumes_ml": {name: round(ml, 3) for name, ml in result.volumes_ml().items()},
        **beside,
        "warnings": [*([doubt] if doubt else []), *result.warnings],
    }


def as_published(norms: Norms, result: Segmentation, weeks: float | None) -> dict[str, Any]:
    """What scripts are told of the volumes that are published for a scan's age."""
    ranges = {} if weeks is None else {name: norms.at(name, weeks) for name in result.volumes_ml()}
    return {
        "weeks": weeks,
        "range": norms.band,
        "population": norms.population,
        "source": norms.source,
        "licence": norms.licence,
        "volumes_ml": {name: asdict(each) for name, each in ranges.items() if each is not None},
    }


def volumes_table(
    result: Segmentation,
    labels: Collection[str] | None = None,
    norms: Norms | None = None,
    weeks: float | None = None,
) -> Any:
    """The volume of each of these labels, or all, the parts of a super-label below it.

    With norms and an age, what is published stands beside it.
    """
    from rich.table import Table

    volumes = result.volumes_ml()
    table = Table("Label", "Name")
    table.add_column("Volume (mL)", justify="right")
    beside = norms is not None and weeks is not None
    if beside:
        table.add_column(f"Published at {weeks:g} weeks", justify="right")
    for label, depth in result.scheme.outline():
        if labels is not None and label.name not in labels:
            continue
        ml = f"{volumes[label.name]:.2f}" if label.name in volumes else "not told by this model"
        cells = ["  " * depth + label.title, label.name, ml]
        if beside:
            published = norms.at(label.name, weeks)
            cells.append(f"{published.low:.1f} to {published.high:.1f}" if published else "")
        table.add_row(*cells)
    return table
