"""Many scans: a file, a folder of files, or a BIDS tree, each to a file of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..dataset.contrast import contrast_of
from ..dicom import Series, write_dicom_seg
from ..errors import UserError
from ..files import require_room
from ..folders import entries, is_folder, missing, same_on_some_disks
from ..labels import LabelSets
from ..networks.model import Model
from ..volumes import (
    ENDINGS,
    WRITTEN,
    Volume,
    as_volume,
    find_volumes,
    read_labelmap,
    split_ending,
    table_of,
    write_labelmap,
    write_volume,
)
from .bids_tree import describe_tree
from .ensemble import as_ensemble
from .segment import Segmentation, segment

Progress = Callable[[int, int], None]


# Bytes that any file takes, more or less.
_SMALLEST = 8192
_DICOM = ".dcm"


@dataclass(frozen=True)
class Job:
    """One scan and where its labelmap and confidence map go.

    With `table`, what each value means is written beside the labelmap. `tree` is the folder of all
    results where the scan is one of a BIDS tree. `series` is the scan itself where `image` is a
    DICOM folder or zip file; `dicom_seg` is where its DICOM Segmentation goes, which may be the
    labelmap's own place.
    """

    image: Path
    labelmap: Path
    table: bool = False
    tree: Path | None = None
    series: Series | None = None
    dicom_seg: Path | None = None

    @property
    def confidence(self) -> Path:
        """Beside the labelmap, under its name with `_confidence`."""
        name, ending = _split_ending(self.labelmap)
        ending = ".nii.gz" if ending.lower() == _DICOM else ending
        return self.labelmap.with_name(f"{name.removesuffix('.seg')}_confidence{ending}")

    def files(self, confidence: bool) -> tuple[Path, ...]:
        """The files to write."""
        return (
            self.labelmap,
            *((self.confidence,) if confidence else ()),
            *((table_of(self.labelmap),) if self.table else ()),
            *((self.dicom_seg,) if self.dicom_seg not in (None, self.labelmap) else ()),
        )


def holds_scans(source: Path) -> bool:
    """Whether there is a scan that `find_scans` would find in a folder."""
    return source.is_dir() and bool(_scans_in(source, "T2w"))


def find_scans(source: str | Path, contrast: str = "T2w") -> list[Path]:
    """The scans in `source`: the file itself; of a BIDS tree (a folder with `sub-*` in it) each
    image of the contrast, links followed; of any other folder each image in it.

    A link whose file is not there is a scan that cannot be read. Raises UserError when there is
    none, or a folder cannot be read.
    """
    source = Path(source)
    if not source.exists():
        raise missing(source)
    if not source.is_dir():
        return [source]
    scans = _scans_in(source, contrast)
    if not scans:
        raise UserError(
            f"{source} holds no image ({', '.join(ENDINGS)}), no sub-*/anat/*_{contrast} image and "
            "no DICOM series; name a folder that does."
        )
    return scans


def _scans_in(folder: Path, contrast: str) -> list[Path]:
    return _bids_scans(folder, contrast) or [
        path
        for path in find_volumes(folder, deep=False)
        if not path.name.lower().endswith(".seg.nrrd")
    ]


def find_jobs(
    source: str | Path,
    output: str | Path,
    *,
    overwrite: bool = False,
    confidence: bool = False,
    table: bool = False,
    contrast: str = "T2w",
    series: Series | None = None,
    dicom_seg: bool = False,
) -> list[Job]:
    """The scans in `source` (see `find_scans`), and the files to write under `output`.

    A file gives one file. A folder gives a file of the same name for each scan in it, .nii.gz for
    formats that are only read. A BIDS tree gives, for each scan, a `*_desc-partialseg_dseg.nii.gz`
    at the same place under `output`. With `table`, and always for folders and trees, each labelmap
    gets a `*_dseg.tsv` that says what its values mean.

    A DICOM folder or zip file gives the one file of its `series`: a labelmap, or for an output
    called .dcm a DICOM Segmentation; with `dicom_seg` that stands beside the labelmap.

    Raises UserError when there is nothing to segment, the output's name has an unknown ending, a
    DICOM Segmentation is wanted of what is no DICOM, two scans would give files that only their
    ending, or on some disks nothing, tells apart, a file to write would replace a scan, or one, the
    confidence maps included if these are wanted, is there already and `overwrite` is false.
    """
    source, output = Path(source), Path(output)
    if series is None and (dicom_seg or output.suffix.lower() == _DICOM):
        raise UserError(
            f"{source} is no DICOM series, of which alone a DICOM Segmentation can be written; "
            f"name a folder or zip file with one, or an output in {', '.join(WRITTEN)}."
        )
    scans = [image.path for image in series.images] if series else find_scans(source, contrast)
    if series is not None:
        jobs = [_job_of_series(series, output, table=table, dicom_seg=dicom_seg)]
    elif source.is_dir():
        places = [scan.relative_to(source) for scan in scans]
        jobs = [
            Job(
                scan,
                output / _place(place, contrast),
                table=True,
                tree=None if len(place.parts) == 1 else output,
            )
            for scan, place in zip(scans, places, strict=True)
        ]
    else:
        _split_ending(output)
        jobs = [Job(source, output, table)]
    wanted = [path for job in jobs for path in job.files(confidence)]
    _refuse_one_name(jobs, confidence)
    images = {scan.resolve() for scan in scans}
    identities = {_identity(scan) for scan in scans if scan.exists()}
    for path in wanted:
        # A disk may take two names for one, and a file may have two.
        if path.resolve() in images or (path.exists() and _identity(path) in identities):
            raise UserError(f"{path} is a scan to segment itself; choose another output.")
    present = [path for path in wanted if path.exists()]
    if present and not overwrite:
        raise UserError(
            f"{present[0]} already exists{f', and {len(present) - 1} more' * (len(present) > 1)}; "
            "choose another output, or ask to overwrite."
        )
    return jobs


def _job_of_series(series: Series, output: Path, *, table: bool, dicom_seg: bool) -> Job:
    name, ending = _split_ending(output)
    if ending.lower() == _DICOM:
        # It says itself what its segments are.
        return Job(series.source, output, series=series, dicom_seg=output)
    beside = output.with_name(f"{name.removesuffix('.seg')}{_DICOM}") if dicom_seg else None
    return Job(series.source, output, table, series=series, dicom_seg=beside)


def other_contrast(job: Job, contrast: str) -> str | None:
    """A sentence where a scan's name says another contrast than the model's; None where not."""
    told = contrast_of(job.image)
    if told in (None, contrast):
        return None
    return (
        f"It is a {told} by its name, and the model has learned from {contrast} scans; look at the "
        "result closely, or choose a model of its contrast."
    )


def segment_files(
    jobs: list[Job],
    model: Model | Sequence[Model],
    *,
    device: str = "auto",
    mirror: bool = False,
    confidence: bool = False,
    known: Callable[[Volume], LabelSets] | None = None,
    progress: Callable[[Job], Progress | None] | None = None,
) -> Iterator[tuple[Job, Segmentation | UserError]]:
    """Segment and write one scan after another.

    A scan that cannot be used does not stop the others: its UserError is yielded in place of the
    result. `known` gives what is known of a scan (see `segment`), and may raise a UserError for it;
    `progress` gives, for each job, what is called with (steps done, steps in all).

    Raises UserError for models that cannot be averaged.
    """
    models = as_ensemble(model)
    for job in jobs:
        try:
            # Where nothing is known, it is read where it can leave the memory early.
            scan: Path | Volume = job.series.volume() if job.series else job.image
            if known:
                scan = as_volume(scan)
            result = segment(
                scan,
                models,
                device=device,
                mirror=mirror,
                confidence=confidence,
                known=known(scan) if known else None,
                ready=partial(_ask_for_room, job, confidence),
                progress=progress(job) if progress else None,
            )
        except UserError as error:
            yield job, error
            continue
        write_segmentation(job, result)
        if job.series and job.dicom_seg:
            labelmap, names = read_labelmap(result.labelmap), (each.info.name for each in models)
            try:
                write_dicom_seg(
                    job.dicom_seg, labelmap.data, result.scheme, job.series, ", ".join(names)
                )
            except UserError as error:
                yield job, error
                continue
        yield job, result


def _ask_for_room(job: Job, confidence: bool, shape: tuple[int, ...]) -> None:
    """Raise UserError where the results cannot be written, as far as that can be known before."""
    size = 0.0
    for path in job.files(confidence):
        bytes_a_voxel = 4 if path == job.confidence else 1
        # What compresses best: an almost empty labelmap.
        share = 1 if path.name.endswith(".nii") else 1 / 16
        size += max(_SMALLEST, math.prod(shape) * bytes_a_voxel * share)
    require_room(job.labelmap, size, f"The results of {job.image}")


def write_segmentation(job: Job, result: Segmentation) -> None:
    """Write the files of one scan but a DICOM Segmentation; folders are made, files replaced."""
    job.labelmap.parent.mkdir(parents=True, exist_ok=True)
    if job.tree is not None:
        describe_tree(job.tree)
    if result.confidence is not None:
        write_volume(job.confidence, as_volume(result.confidence))
    labelmap = read_labelmap(result.labelmap)
    if job.labelmap != job.dicom_seg:
        write_labelmap(job.labelmap, labelmap, result.scheme, table=job.table)


def _bids_scans(source: Path, contrast: str) -> list[Path]:
    subjects = (path for path in entries(source) if path.name.startswith("sub-"))
    found = [
        path
        for subject in subjects
        if is_folder(subject)
        for path in find_volumes(subject)
        if path.parent.name == "anat" and split_ending(path.name)[0].endswith(f"_{contrast}")
    ]
    # A file that is reached on two ways, over a link, is one scan: that where it really lies.
    found.sort(key=lambda path: (path.resolve() != path.absolute(), path))
    scans = {(path.name, _identity(path) if path.exists() else path): path for path in found[::-1]}
    return sorted(scans.values())


def _refuse_one_name(jobs: list[Job], confidence: bool) -> None:
    """Raise UserError where the files of two scans would have one name, or but another ending."""
    first: dict[str, Job] = {}
    for job in jobs:
        for path in job.files(confidence):
            name = path.with_name(split_ending(path.name)[0])
            other = first.setdefault(same_on_some_disks(name), job)
            if other is not job:
                raise UserError(
                    f"The results of {other.image} and {job.image} would both be called {name}; "
                    "rename or remove one."
                )


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _place(scan: Path, contrast: str) -> Path:
    """Where the labelmap of a scan goes; a scan of a BIDS tree lies deeper than in its top."""
    name, ending = split_ending(scan.name)
    if len(scan.parts) == 1:
        return scan if ending.lower() in WRITTEN else scan.with_name(f"{name}.nii.gz")
    return scan.with_name(f"{name.removesuffix(f'_{contrast}')}_desc-partialseg_dseg.nii.gz")


def _split_ending(path: Path) -> tuple[str, str]:
    name, ending = split_ending(path.name)
    if path.suffix.lower() == _DICOM:
        return path.stem, path.suffix
    if ending.lower() not in WRITTEN:
        raise UserError(
            f"{path} must end in {', '.join(WRITTEN)}, or {_DICOM} for a DICOM series; give the "
            "output such a name."
        )
    return name, ending
