"""Many scans: a file, a folder of files, or a BIDS tree, each to a file of its own."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from ..dataset.companions import images_of_file, images_of_folder, images_of_tree
from ..dataset.contrast import contrast_of
from ..dataset.pairing import without_labelmaps
from ..dicom import Series, write_dicom_seg
from ..errors import UserError
from ..files import require_room, write_json
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
    write_shares,
    write_volume,
)
from .bids_tree import describe_tree
from .ensemble import as_ensemble
from .outputs import Outputs, Part, keep_labels
from .probabilities import LeafProbabilities
from .segment import Segmentation, segment

Progress = Callable[[int, int], None]


# Bytes that any file takes, more or less.
_SMALLEST = 8192
_DICOM = ".dcm"
_LABELMAP_ALONE = Outputs()


@dataclass(frozen=True)
class Job:
    """One scan and where its labelmap goes, and what is written beside that.

    With `table`, what each value means is written beside the labelmap. `tree` is the folder of all
    results where the scan is one of a BIDS tree. `weeks` is the post-menstrual age at the scan,
    where a chart of the volumes by age is written too. `series` is the scan itself where `image` is
    a DICOM folder or zip file; `dicom_seg` is where its DICOM Segmentation goes, which may be the
    labelmap's own place. `images` are all images of the scan by their contrasts, for models of
    several; `image` is the first of them.
    """

    image: Path
    labelmap: Path
    table: bool = False
    tree: Path | None = None
    weeks: float | None = None
    series: Series | None = None
    dicom_seg: Path | None = None
    images: tuple[tuple[str, Path], ...] = ()

    def scan(self) -> Path | Volume:
        """The first image, on whose grid the results lie: a path, or the volume of a series."""
        return self.series.volume() if self.series else self.image

    def shown(self, first: Volume | None = None) -> Path | Volume | dict[str, Path | Volume]:
        """What a model is shown; the `first` image need not be read again where it was."""
        scan = self.scan() if first is None else first
        if not self.images:
            return scan
        return {contrast: scan if path == self.image else path for contrast, path in self.images}

    @property
    def confidence(self) -> Path:
        """Beside the labelmap, under its name with `_confidence`."""
        return self._beside("confidence")

    @property
    def probabilities(self) -> Path:
        """The probability of each label, 4-D: always NIfTI; `.json` beside it names its volumes."""
        return self._beside("probabilities", ".nii.gz")

    @property
    def preview(self) -> Path:
        """A picture of scan and labelmap."""
        return self._beside("preview", ".png")

    @property
    def growth(self) -> Path:
        """A chart of the volumes beside those that are published for the age."""
        return self._beside("growth", ".png")

    @property
    def in_named_space(self) -> bool:
        """Whether the name has a `space`, of which BIDS wants to be told in a `.json` beside it."""
        return self.tree is not None and "_space-" in self.labelmap.name

    def mask(self, label: str) -> Path:
        """The file of 0 and 1 of one label."""
        return self._beside(label)

    def files(self, outputs: Outputs) -> tuple[Path, ...]:
        """The files to write, the labelmap first."""
        return (
            self.labelmap,
            *([self.confidence] if outputs.confidence else ()),
            *(
                [self.probabilities, _json_beside(self.probabilities)]
                if outputs.probabilities
                else ()
            ),
            *([self.preview] if outputs.preview else ()),
            *([self.growth] if self.weeks is not None else ()),
            *map(self.mask, outputs.masks),
            *([table_of(self.labelmap)] if self.table else ()),
            *([_json_beside(self.labelmap)] if self.in_named_space else ()),
            *([self.dicom_seg] if self.dicom_seg not in (None, self.labelmap) else ()),
        )

    def _beside(self, what: str, ending: str | None = None) -> Path:
        name, same = _split_ending(self.labelmap)
        same = ".nii.gz" if same.lower() == _DICOM else same
        return self.labelmap.with_name(f"{name.removesuffix('.seg')}_{what}{ending or same}")


def holds_scans(source: Path) -> bool:
    """Whether there is a scan that `find_scans` would find in a folder."""
    return source.is_dir() and bool(_scans_in(source, "T2w"))


def find_scans(source: str | Path, contrast: str = "T2w") -> list[Path]:
    """The scans in `source`: the file itself; of a BIDS tree (a folder with `sub-*` in it) each
    image of the contrast, links followed; of any other folder each image in it but labelmaps of
    scans beside them (see `dataset.pairing.without_labelmaps`).

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


def find_images(
    source: str | Path, contrasts: Sequence[str], given: Mapping[str, Path] | None = None
) -> list[dict[str, Path]]:
    """The scans in `source` as `find_scans` has them, with the files of all their contrasts.

    What belongs together is told by the names (see `dataset.companions`). Those `given` go with a
    file. Raises UserError as `find_scans` does, and for a contrast that is given twice or for a
    folder.
    """
    source, first = Path(source), contrasts[0]
    if given and source.is_dir():
        raise UserError(
            f"{source} is a folder, whose further contrasts are found by their names; leave "
            "--image out, or name one scan."
        )
    if not source.is_dir():
        (found,) = find_scans(source, first)
        if len(contrasts) == 1 and not given:
            return [{first: found}]
        return [images_of_file(found, contrasts, given or {})]
    if len(contrasts) == 1:
        return [{first: path} for path in find_scans(source, first)]
    found = images_of_tree(partial(_bids_scans, source), contrasts)
    found = found or images_of_folder(_scans_in(source, first), contrasts)
    return found or [{first: path} for path in find_scans(source, first)]


def labelmaps_left_out(source: str | Path, contrast: str = "T2w") -> list[Path]:
    """The files of a folder that `find_scans` passes over, as labelmaps of scans beside them.

    None of a BIDS tree, whose names say what is a scan.
    """
    source = Path(source)
    if not source.is_dir() or _bids_scans(source, contrast):
        return []
    return _without_labelmaps(source)[1]


def _scans_in(folder: Path, contrast: str) -> list[Path]:
    return _bids_scans(folder, contrast) or _without_labelmaps(folder)[0]


def _without_labelmaps(folder: Path) -> tuple[list[Path], list[Path]]:
    files = find_volumes(folder, deep=False)
    segmentations = [path for path in files if path.name.lower().endswith(".seg.nrrd")]
    scans, labelmaps = without_labelmaps(path for path in files if path not in segmentations)
    return scans, sorted([*labelmaps, *segmentations])


def find_jobs(
    source: str | Path,
    output: str | Path,
    *,
    overwrite: bool = False,
    outputs: Outputs = _LABELMAP_ALONE,
    table: bool = False,
    contrast: str | Sequence[str] = "T2w",
    images: Mapping[str, Path] | None = None,
    part: Part | None = None,
    series: Series | None = None,
    dicom_seg: bool = False,
    age: Callable[[Path], float | None] | None = None,
) -> list[Job]:
    """The scans in `source` (see `find_scans`), and the files to write under `output`.

    A file gives one file. A folder gives a file of the same name for each scan in it, .nii.gz for
    formats that are only read. A BIDS tree gives, for each scan, a `*_desc-partialseg_dseg.nii.gz`
    at the same place under `output`. With `table`, and always for folders and trees, each labelmap
    gets a `*_dseg.tsv` that says what its values mean. `part` takes a share of all jobs alone.

    Of several contrasts (`contrast`) all images of a scan are found by their names, and further
    `images` of the one scan may be given by their contrasts; see `find_images`.

    A DICOM folder or zip file gives the one file of its `series`: a labelmap, or for an output
    called .dcm a DICOM Segmentation; with `dicom_seg` that stands beside the labelmap.

    `age` tells each scan's `weeks` by its path.

    Raises UserError when there is nothing to segment, the output's name has an unknown ending, a
    DICOM Segmentation is wanted of what is no DICOM, two scans would give files that only their
    ending, or on some disks nothing, tells apart, a file to write would replace a scan, or one,
    those of `outputs` included, is there already and `overwrite` is false.
    """
    source, output = Path(source), Path(output)
    if series is None and (dicom_seg or output.suffix.lower() == _DICOM):
        raise UserError(
            f"{source} is no DICOM series, of which alone a DICOM Segmentation can be written; "
            f"name a folder or zip file with one, or an output in {', '.join(WRITTEN)}."
        )
    contrasts = (contrast,) if isinstance(contrast, str) else tuple(contrast)
    if series is not None:
        jobs = [_job_of_series(series, output, table=table, dicom_seg=dicom_seg)]
        if images:
            jobs = [replace(jobs[0], images=((contrasts[0], jobs[0].image), *images.items()))]
    else:
        found = find_images(source, contrasts, images)
        if not source.is_dir():
            _split_ending(output)
        jobs = [_job_of(each, source, output, table) for each in found]
    scans = [image.path for image in series.images] if series else []
    scans += [path for job in jobs for _, path in job.images]
    scans += [job.image for job in jobs if job.series is None]
    _refuse_one_name(jobs, outputs)
    if part is not None:
        jobs = part.take(jobs)
    if age is not None:
        jobs = [replace(job, weeks=age(job.image)) for job in jobs]
    wanted = [path for job in jobs for path in job.files(outputs)]
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


def _job_of(images: dict[str, Path], source: Path, output: Path, table: bool) -> Job:
    """That of a scan in a file, folder or tree."""
    (contrast, first), *_ = images.items()
    all_images = tuple(images.items()) if len(images) > 1 else ()
    if not source.is_dir():
        return Job(first, output, table, images=all_images)
    place = first.relative_to(source)
    return Job(
        first,
        output / _place(place, contrast),
        table=True,
        tree=None if len(place.parts) == 1 else output,
        images=all_images,
    )


def _job_of_series(series: Series, output: Path, *, table: bool, dicom_seg: bool) -> Job:
    name, ending = _split_ending(output)
    if ending.lower() == _DICOM:
        # It says itself what its segments are.
        return Job(series.source, output, series=series, dicom_seg=output)
    beside = output.with_name(f"{name.removesuffix('.seg')}{_DICOM}") if dicom_seg else None
    return Job(series.source, output, table, series=series, dicom_seg=beside)


def other_contrast(job: Job, contrast: str | Sequence[str]) -> str | None:
    """A sentence where a scan's name says another contrast than the model's; None where not."""
    contrasts = (contrast,) if isinstance(contrast, str) else tuple(contrast)
    for wanted, path in job.images:
        told = contrast_of(path)
        if told not in (None, wanted):
            return (
                f"{path} is a {told} by its name, and was given as the {wanted}; look at the "
                "result closely, or give the right one."
            )
    told = contrast_of(job.image)
    if told in (None, *contrasts):
        return None
    return (
        f"It is a {told} by its name, and the model has learned from {' and '.join(contrasts)} "
        "scans; look at the result closely, or choose a model of its contrast."
    )


def segment_files(
    jobs: list[Job],
    model: Model | Sequence[Model],
    *,
    device: str = "auto",
    mirror: bool = False,
    fast: bool = False,
    outputs: Outputs = _LABELMAP_ALONE,
    measured: bool = False,
    known: Callable[[Volume], LabelSets] | None = None,
    also: Callable[[Job, Segmentation], None] | None = None,
    progress: Callable[[Job], Progress | None] | None = None,
) -> Iterator[tuple[Job, Segmentation | UserError]]:
    """Segment and write one scan after another.

    A scan that cannot be used does not stop the others: its UserError is yielded in place of the
    result. `known` gives what is known of a scan (see `segment`), and may raise a UserError for it;
    `progress` gives, for each job, what is called with (steps done, steps in all). `measured` asks
    for results with a confidence map even where none is written. `also` is called with each result
    before its labelmap, the last of its files, is written: where that is, all is.

    Raises UserError for models that cannot be averaged.
    """
    models = as_ensemble(model)
    for job in jobs:
        try:
            # Where nothing is known, it is read where it can leave the memory early.
            first = as_volume(job.scan()) if known else None
            sets = known(first) if known else None
            leaves = LeafProbabilities(models[0].scheme) if outputs.probabilities else None
            result = segment(
                job.shown(first),
                models,
                device=device,
                mirror=mirror,
                fast=fast,
                confidence=outputs.confidence or measured,
                known=sets,
                ready=partial(_ask_for_room, job, outputs),
                inspect=leaves,
                progress=progress(job) if progress else None,
            )
        except UserError as error:
            yield job, error
            continue
        job.labelmap.parent.mkdir(parents=True, exist_ok=True)
        if leaves is not None:
            _write_probabilities(job, outputs, leaves, result, sets)
        if outputs.labels is not None:
            result = keep_labels(result, outputs.labels)
        if also is not None:
            also(job, result)
        write_segmentation(job, result, outputs)
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


def _write_probabilities(
    job: Job,
    outputs: Outputs,
    leaves: LeafProbabilities,
    result: Segmentation,
    known: LabelSets | None,
) -> None:
    """The probabilities, and their names as BIDS has them for a `probseg` file."""
    names = outputs.labels or [name for name in result.scheme.names if name not in result.untold]
    labelmap = read_labelmap(result.labelmap)
    if known is not None:
        known = known.in_scheme(result.scheme, affine=labelmap.affine)
    channels = leaves.of_labels(names, labelmap.data, known)
    write_shares(job.probabilities, channels, len(names), labelmap.grid)
    write_json(_json_beside(job.probabilities), {"LabelMap": list(names)})


def _ask_for_room(job: Job, outputs: Outputs, shape: tuple[int, ...]) -> None:
    """Raise UserError where the results cannot be written, as far as that can be known before."""
    size = 0.0
    maps = [(job.labelmap, 1), *((job.mask(label), 1) for label in outputs.masks)]
    if outputs.confidence:
        maps.append((job.confidence, 4))
    if outputs.probabilities:
        maps.append((job.probabilities, 1))
    for path, bytes_a_voxel in maps:
        # What compresses best: an almost empty labelmap.
        share = 1 if path.name.endswith(".nii") else 1 / 16
        size += max(_SMALLEST, math.prod(shape) * bytes_a_voxel * share)
    require_room(job.labelmap, size, f"The results of {job.image}")


def write_segmentation(job: Job, result: Segmentation, outputs: Outputs = _LABELMAP_ALONE) -> None:
    """Write the files of one result but a DICOM Segmentation; folders are made, files replaced."""
    job.labelmap.parent.mkdir(parents=True, exist_ok=True)
    if job.tree is not None:
        describe_tree(job.tree)
    if job.in_named_space:
        # It lies on its scan, whatever that was brought to.
        write_json(_json_beside(job.labelmap), {"SpatialReference": "orig"})
    if outputs.confidence:
        write_volume(job.confidence, as_volume(result.confidence))
    labelmap = read_labelmap(result.labelmap)
    for label in outputs.masks:
        mask = result.scheme.mask(labelmap.data, label)
        write_volume(job.mask(label), labelmap.with_data(mask.astype(np.uint8)))
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


def _json_beside(image: Path) -> Path:
    return image.with_name(f"{split_ending(image.name)[0]}.json")


def _refuse_one_name(jobs: list[Job], outputs: Outputs) -> None:
    """Raise UserError where the files of two scans would have one name, or but another ending."""
    first: dict[str, Job] = {}
    for job in jobs:
        for path in job.files(outputs):
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
    entities = name.removesuffix(f"_{contrast}")
    # A name has one `desc`, into which goes what is said there of the scan.
    named = re.sub(r"(_desc-[A-Za-z0-9]+)", r"\1partialseg", entities, count=1)
    if named == entities:
        named = f"{entities}_desc-partialseg"
    return scan.with_name(f"{named}_dseg.nii.gz")


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
