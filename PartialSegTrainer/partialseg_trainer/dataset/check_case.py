"""Check the files of one case, each by itself and against the others."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from ..errors import UserError
from ..files import read_checked
from ..folders import is_dangling, missing
from ..labels import LabelScheme, LabelSets
from ..volumes import Grid, Volume, checksum, read_multilabel, read_volume
from .case import CaseInfo
from .contrast import DEFAULT
from .folder import check_together
from .layout import ScanName
from .problem import Problem
from .tensors import read_label_sets

T = TypeVar("T")


@dataclass
class CaseReport:
    """What the check of one case found.

    `voxels_sha256` identifies the image by its voxels, whatever its compression; `fully_known` and
    `absent`, the labels that no voxel can be, are what the labels say. They are None where the file
    cannot be read.
    """

    root: Path
    problems: list[Problem] = field(default_factory=list)
    voxels_sha256: str | None = None
    fully_known: bool | None = None
    absent: frozenset[str] | None = None

    def add(self, path: Path, message: str, severity: str = "error") -> None:
        """Note a problem of one file."""
        self.problems.append(Problem(path.relative_to(self.root).as_posix(), message, severity))

    def attempt(self, path: Path, read: Callable[..., T], *arguments: object) -> T | None:
        """The result of reading a file, or None and a problem."""
        try:
            return read(path, *arguments)
        except (UserError, OSError) as error:
            self.add(path, str(error))
            return None

    def compare(self, path: Path, images: dict[str, Volume], whose: str) -> None:
        """Note what is odd about the image in `path`, the last of these, beside the others."""
        try:
            for doubt in check_together(images, whose):
                self.add(path, doubt, "warning")
        except UserError as error:
            self.add(path, str(error))


def check_case(
    root: Path,
    scan: ScanName,
    scheme: LabelScheme | None,
    contrasts: tuple[str, ...] = (DEFAULT,),
) -> CaseReport:
    """Read every file of a case and compare them; without a scheme, labels only as a tensor."""
    report = CaseReport(root)
    files = scan.files(root, *contrasts)
    *image_paths, labels_path, sidecar_path = files
    present = [path for path in files if path.is_file()]
    for path in files:
        if path not in present:
            lost = f"The file is missing; export {scan} anew, or restore it from a copy."
            report.add(path, str(missing(path)) if is_dangling(path) else lost)
    info = None
    if sidecar_path in present:
        info = report.attempt(sidecar_path, read_checked, CaseInfo)
    images = {
        contrast: report.attempt(path, read_volume)
        for contrast, path in zip(contrasts, image_paths, strict=True)
        if path in present
    }
    image = images.get(contrasts[0])
    if image is not None:
        report.voxels_sha256 = _voxels_sha256(image)
    for contrast, path in zip(contrasts, image_paths, strict=True):
        each = images.get(contrast)
        doubt = each and each.grid.doubt()
        if doubt:
            report.add(path, doubt, "warning")
        if each is not None and image not in (each, None):
            report.compare(path, {contrasts[0]: image, contrast: each}, str(scan))
    sets = grid = None
    if labels_path in present:
        sets, grid = _read_labels(report, labels_path, scheme)
    if image is not None and grid is not None:
        difference = grid.mismatch(image.grid)
        if difference:
            report.add(
                labels_path,
                f"The labels do not fit the image: their {difference}; export {scan} anew.",
            )
    if sets is not None:
        report.fully_known = sets.fully_known
        nowhere = (sets.codebook == 0).all(axis=0)
        report.absent = frozenset(itertools.compress(sets.scheme.names, nowhere))
        if (sets.codebook == 2).all():
            report.add(labels_path, "Nothing is annotated; remove the case or label it.", "warning")
    if info is not None:
        _check_sidecar(report, scan, info, scheme, contrasts)
    return report


def _read_labels(
    report: CaseReport, path: Path, scheme: LabelScheme | None
) -> tuple[LabelSets | None, Grid | None]:
    if scheme is None:
        volume = report.attempt(path, read_multilabel)
        return None, volume and volume.grid
    return report.attempt(path, read_label_sets, scheme) or (None, None)


def _check_sidecar(
    report: CaseReport,
    scan: ScanName,
    info: CaseInfo,
    scheme: LabelScheme | None,
    contrasts: tuple[str, ...],
) -> None:
    *image_paths, labels_path, sidecar_path = scan.files(report.root, *contrasts)
    if scheme is not None and info.labels != scheme.names:
        report.add(
            sidecar_path,
            f"The labels are {', '.join(info.labels)}, but the scheme has, in this order, "
            f"{', '.join(scheme.names)}; export {scan} anew.",
        )
    if report.fully_known is not None and report.fully_known != info.fully_known:
        report.add(
            sidecar_path,
            f"fully_known is {str(info.fully_known).lower()}, but the labels say "
            f"{str(report.fully_known).lower()}; export {scan} anew.",
        )
    recorded = {
        **dict(zip(image_paths, info.sha256_of(contrasts), strict=True)),
        labels_path: info.labels_sha256,
    }
    for path, expected in recorded.items():
        if expected is None:
            report.add(
                sidecar_path,
                f"further_sha256 lacks the checksum of {path.name}; export {scan} anew.",
            )
            continue
        if path.is_file() and report.attempt(path, checksum) not in (expected, None):
            report.add(
                path,
                "The file is not the one that was exported (its checksum differs from that in the "
                f"sidecar); restore it, or export {scan} anew.",
            )


def _voxels_sha256(image: Volume) -> str:
    return hashlib.sha256(np.asfortranarray(image.data).T).hexdigest()
