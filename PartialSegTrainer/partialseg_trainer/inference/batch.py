"""Many scans: a file, a folder of files, or a BIDS tree, each to a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UserError
from ..networks.model import Model
from ..volumes import Volume, write_volume
from .ensemble import as_ensemble
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


def find_scans(source: str | Path) -> list[Path]:
    """The scans in `source`: the file itself; of a BIDS tree (a folder with `sub-*` in it) each T2w
    image; of any other folder each image in it.

    Raises UserError when there is none.
    """
    source = Path(source)
    if not source.exists():
        raise UserError(f"{source} does not exist; check the path.")
    if not source.is_dir():
        return [source]
    scans = _images(source.glob("sub-*/**/anat/*_T2w.*")) or _images(source.iterdir())
    if not scans:
        raise UserError(
            f"{source} holds no image ({', '.join(_ENDINGS)}) and no sub-*/anat/*_T2w image; "
            "name a folder that does."
        )
    return scans


def find_jobs(
    source: str | Path, output: str | Path, *, overwrite: bool = False, confidence: bool = False
) -> list[Job]:
    """The scans in `source` (see `find_scans`), and the files to write under `output`.

    A file gives one file. A folder gives a file of the same name for each scan in it. A BIDS tree
    gives, for each scan, a `*_desc-partialseg_dseg.nii.gz` at the same place under `output`.

    Raises UserError when there is nothing to segment, the output's name has an unknown ending, a
    file to write would replace a scan, or one, the confidence maps included if these are wanted, is
    there already and `overwrite` is false.
    """
    source, output = Path(source), Path(output)
    scans = find_scans(source)
    if source.is_dir():
        jobs = [Job(scan, output / _place(scan.relative_to(source))) for scan in scans]
    else:
        _split_ending(output)
        jobs = [Job(source, output)]
    wanted = [path for job in jobs for path in (job.labelmap, job.confidence)[: 1 + confidence]]
    images = {scan.resolve() for scan in scans}
    for path in wanted:
        if path.resolve() in images:
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
    model: Model | Sequence[Model],
    *,
    device: str = "auto",
    mirror: bool = False,
    confidence: bool = False,
    progress: Callable[[Job], Progress | None] | None = None,
) -> Iterator[tuple[Job, Segmentation | UserError]]:
    """Segment and write one scan after another.

    A scan that cannot be used does not stop the others: its UserError is yielded in place of the
    result. `progress` gives, for each job, what is called with (steps done, steps in all).

    Raises UserError for models that cannot be averaged.
    """
    models = as_ensemble(model)
    for job in jobs:
        try:
            result = segment(
                job.image,
                models,
                device=device,
                mirror=mirror,
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


def _images(paths: Iterable[Path]) -> list[Path]:
    # Beside each file that macOS copies to another system lies a hidden one of the same ending.
    return sorted(
        path
        for path in paths
        if path.name.endswith(_ENDINGS) and not path.name.startswith(".") and path.is_file()
    )


def _place(scan: Path) -> Path:
    """Where the labelmap of a scan goes; a scan of a BIDS tree lies deeper than in its top."""
    if len(scan.parts) == 1:
        return scan
    name, _ = _split_ending(scan)
    return scan.with_name(f"{name.removesuffix('_T2w')}_desc-partialseg_dseg.nii.gz")


def _split_ending(path: Path) -> tuple[str, str]:
    for ending in _ENDINGS:
        if path.name.endswith(ending):
            return path.name.removesuffix(ending), ending
    raise UserError(f"{path} must end in {', '.join(_ENDINGS)}; give the output such a name.")
