"""Many scans: a file, a folder of files, or a BIDS tree, each to a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UserError
from ..networks.model import Model
from ..volumes import Volume, write_volume
from .segment import Segmentation, segment

_ENDINGS = (".nii.gz", ".nii", ".nrrd")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Job:
    """One scan and where its labelmap and confidence map go."""

    image: Path
    labelmap: Path

    @property
    def confidence(self) -> Path:
        """Beside the labelmap, under its name with `_confidence`."""
        name, ending = _split_ending(self.labelmap)
        return self.labelmap.with_name(f"{name}_confidence{ending}")


def find_jobs(
    source: str | Path, output: str | Path, *, overwrite: bool = False, confidence: bool = False
) -> list[Job]:
    """What there is to segment in `source`, and the files to write under `output`.

    A file gives one file. A folder gives a file of the same name for each image in it. A BIDS tree
    (a folder with `sub-*` in it) gives, for each T2w image, a `*_desc-partialseg_dseg.nii.gz` at
    the same place under `output`.

    Raises UserError when there is nothing to segment, the output's name has an unknown ending, a
    file to write would replace a scan, or one, the confidence maps included if these are wanted, is
    there already and `overwrite` is false.
    """
    source, output = Path(source), Path(output)
    if source.is_dir():
        jobs = list(_bids_jobs(source, output) or _folder_jobs(source, output))
        if not jobs:
            raise UserError(
                f"{source} holds no image ({', '.join(_ENDINGS)}) and no sub-*/anat/*_T2w image; "
                "name a folder that does."
            )
    else:
        if not source.exists():
            raise UserError(f"{source} does not exist; check the path.")
        _split_ending(output)
        jobs = [Job(source, output)]
    wanted = [path for job in jobs for path in (job.labelmap, job.confidence)[: 1 + confidence]]
    scans = {job.image.resolve() for job in jobs}
    for path in wanted:
        if path.resolve() in scans:
            raise UserError(f"{path} is a scan to segment itself; choose another output.")
    present = [path for path in wanted if path.exists()]
    if present and not overwrite:
        raise UserError(
            f"{present[0]} already exists{f', and {len(present) - 1} more' * (len(present) > 1)}; "
            "choose another output, or ask to overwrite."
        )
    return jobs


def segment_files(
    jobs: list[Job],
    model: Model,
    *,
    device: str = "auto",
    confidence: bool = False,
    progress: Callable[[Job], Progress | None] | None = None,
) -> Iterator[tuple[Job, Segmentation | UserError]]:
    """Segment and write one scan after another.

    A scan that cannot be used does not stop the others: its UserError is yielded in place of the
    result. `progress` gives, for each job, what is called with (slices done, slices in all).
    """
    for job in jobs:
        try:
            result = segment(
                job.image,
                model,
                device=device,
                confidence=confidence,
                progress=progress(job) if progress else None,
            )
        except UserError as error:
            yield job, error
            continue
        job.labelmap.parent.mkdir(parents=True, exist_ok=True)
        for path, image in ((job.confidence, result.confidence), (job.labelmap, result.labelmap)):
            if image is not None:
                write_volume(path, Volume(np.asarray(image.dataobj), image.affine))
        yield job, result


def _bids_jobs(source: Path, output: Path) -> list[Job]:
    return [
        Job(image, output / image.relative_to(source).with_name(_as_derivative(image)))
        for image in sorted(source.glob("sub-*/**/anat/*_T2w.*"))
        if image.name.endswith(_ENDINGS)
    ]


def _folder_jobs(source: Path, output: Path) -> list[Job]:
    return [
        Job(image, output / image.name)
        for image in sorted(source.iterdir())
        if image.name.endswith(_ENDINGS) and image.is_file()
    ]


def _as_derivative(image: Path) -> str:
    name, _ = _split_ending(image)
    return f"{name.removesuffix('_T2w')}_desc-partialseg_dseg.nii.gz"


def _split_ending(path: Path) -> tuple[str, str]:
    for ending in _ENDINGS:
        if path.name.endswith(ending):
            return path.name.removesuffix(ending), ending
    raise UserError(f"{path} must end in {', '.join(_ENDINGS)}; give the output such a name.")
