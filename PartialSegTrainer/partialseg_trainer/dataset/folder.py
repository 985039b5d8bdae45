"""A folder of annotated scans that any BIDS tool can open: create it, open it, add cases."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, field_validator

from .. import __version__
from ..errors import UserError
from ..files import atomic_folder, read_checked, write_json, write_text
from ..folders import entries, is_folder, same_on_some_disks
from ..labels import LabelScheme, LabelSets, Status
from ..volumes import Volume, as_volume, checksum, skull_stripped, write_volume
from .case import Case, CaseInfo
from .contrast import DEFAULT, checked_contrast
from .layout import BIDSIGNORE, DESCRIPTION, SCHEME, SIDECAR, ScanName, scan_folders
from .lock import locked
from .participants import record_subject, write_rows
from .tensors import write_label_sets


class CaseExistsError(UserError):
    """A case is there already, and may not be replaced."""


class Generator(BaseModel):
    """The software that wrote a dataset."""

    Name: str
    Version: str | None = None


class Description(BaseModel):
    """What dataset_description.json must say; the field names are those of BIDS, but Contrast."""

    Name: str
    BIDSVersion: str
    DatasetType: Literal["derivative"]
    GeneratedBy: list[Generator]
    Contrast: str = DEFAULT

    @field_validator("Contrast")
    @classmethod
    def _suffix(cls, contrast: str) -> str:
        return checked_contrast(contrast)


class Dataset:
    """Annotated scans of one label scheme and one contrast in one folder.

    Use `Dataset.create` or `Dataset.open`. `cases` looks at the folder each time, so a case that
    Slicer has just exported is seen without opening the dataset again.
    """

    def __init__(self, folder: Path, scheme: LabelScheme, name: str, contrast: str = DEFAULT):
        self.folder = folder
        self.scheme = scheme
        self.name = name
        self.contrast = contrast

    @classmethod
    def create(
        cls,
        folder: str | Path,
        scheme: LabelScheme | str | Path,
        name: str,
        contrast: str = DEFAULT,
    ) -> Dataset:
        """Make an empty dataset of scans of one contrast, a suffix of BIDS.

        Raises UserError when the folder exists and is not empty, the scheme cannot be loaded, or
        the contrast is no suffix.
        """
        folder, contrast = Path(folder), checked_contrast(contrast)
        if not isinstance(scheme, LabelScheme):
            scheme = LabelScheme.load(scheme)
        description = Description(
            Name=name,
            BIDSVersion="1.10.0",
            DatasetType="derivative",
            GeneratedBy=[Generator(Name="PartialSeg", Version=__version__)],
            Contrast=contrast,
        )
        with atomic_folder(folder) as temporary:
            write_json(temporary / DESCRIPTION, description.model_dump())
            scheme.save(temporary / SCHEME)
            write_rows(temporary, [])
            # The suffix `multilabel` and the scheme are ours: validators shall pass them over.
            write_text(temporary / BIDSIGNORE, f"*_multilabel.*\n{SCHEME}\n")
        return cls(folder, scheme, name, contrast)

    @classmethod
    def open(cls, folder: str | Path) -> Dataset:
        """Open a dataset. Raises UserError when the folder is none, or its scheme is not valid."""
        folder = Path(folder)
        if not (folder / DESCRIPTION).is_file():
            raise UserError(
                f"{folder} is not a PartialSeg dataset: it has no {DESCRIPTION}; choose the folder "
                "that holds it, or export or import scans first."
            )
        description = read_checked(folder / DESCRIPTION, Description)
        if not (folder / SCHEME).is_file():
            raise UserError(f"{folder} has no {SCHEME}; restore it from a copy of the dataset.")
        scheme = LabelScheme.load(folder / SCHEME)
        return cls(folder, scheme, description.Name, description.Contrast)

    @property
    def cases(self) -> tuple[Case, ...]:
        """Every case, ordered by path."""
        return tuple(
            Case(self.folder, scan, self.contrast)
            for scan, anat in scan_folders(self.folder)
            if scan is not None and os.path.lexists(anat / f"{scan}{SIDECAR}")
        )

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects that have at least one case."""
        return tuple(dict.fromkeys(case.subject for case in self.cases))

    def add_case(
        self,
        subject: str,
        image: str | os.PathLike | Volume,
        sets: LabelSets,
        status: Mapping[str, Status],
        *,
        session: str | None = None,
        annotator: str = "",
        reviewed: Mapping[str, str] | None = None,
        group: str | None = None,
        replace: bool = False,
    ) -> Case:
        """Write one scan and what is known about it.

        `image` is (X, Y, Z); `sets` has the same shape. `status` may leave labels out: they are
        not annotated. `reviewed` gives the day on which labels that a model had drawn were
        accepted. Subjects of one `group` stay together in every split. The identifiers stand
        in file names, so they must not be names of patients.

        The sidecar makes the case: it is removed first and written last, so that a crash leaves
        the whole case or none. While one process adds a case, others wait. Raises CaseExistsError
        when the case exists and `replace` is false, and UserError for identifiers that BIDS does
        not allow or that differ in case alone from one that is there, and for image or labels that
        do not fit.
        """
        scan = ScanName(subject, session)
        with locked(self.folder):
            return self._add(
                scan, image, sets, status, annotator, dict(reviewed or {}), group, replace
            )

    def _add(
        self,
        scan: ScanName,
        image: str | os.PathLike | Volume,
        sets: LabelSets,
        status: Mapping[str, Status],
        annotator: str,
        reviewed: dict[str, str],
        group: str | None,
        replace: bool,
    ) -> Case:
        """`add_case`, while nobody else changes the dataset."""
        targets = scan.files(self.folder, self.contrast)
        existing = [path for path in targets if os.path.lexists(path)]
        if existing and not replace:
            raise CaseExistsError(
                f"{existing[0]} already exists; choose another subject or session, or ask to "
                "replace the case."
            )
        self._refuse_other_case(scan)
        volume = as_volume(image)
        self._check_fit(scan, volume, sets, status)
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=self.folder) as staging:
            staged = tuple(Path(staging) / path.name for path in targets)
            write_volume(staged[0], volume.with_data(compact(volume.data)))
            write_label_sets(staged[1], sets, volume.grid)
            info = CaseInfo(
                labels=self.scheme.names,
                status={
                    name: Status(status.get(name, Status.NOT_ANNOTATED))
                    for name in self.scheme.names
                },
                annotator=annotator,
                reviewed=reviewed,
                date=datetime.now(timezone.utc).replace(microsecond=0),
                software_version=f"PartialSeg {__version__}",
                image_sha256=checksum(staged[0]),
                labels_sha256=checksum(staged[1]),
                fully_known=sets.fully_known,
            )
            write_json(staged[2], info.model_dump(mode="json"))
            case = Case(self.folder, scan, self.contrast)
            of_image = Path(staging) / case.image_sidecar_path.name
            # BIDS demands it of images in derivatives.
            write_json(of_image, {"SkullStripped": skull_stripped(volume.data)})
            # First the folder: a row of the table that has none speaks of nobody.
            scan.folder(self.folder).mkdir(parents=True, exist_ok=True)
            record_subject(self.folder, scan.subject, group)
            targets[2].unlink(missing_ok=True)
            os.replace(of_image, case.image_sidecar_path)
            for source, target in zip(staged, targets, strict=True):
                os.replace(source, target)
        return case

    def _refuse_other_case(self, scan: ScanName) -> None:
        """Raise UserError for a name that some disks take for one that is there."""
        folder = scan.folder(self.folder).parent
        for place in (folder, *folder.parents):
            if place == self.folder:
                break
            for other in entries(place.parent) if is_folder(place.parent) else ():
                if other.name != place.name and same_on_some_disks(other.name) == (
                    same_on_some_disks(place.name)
                ):
                    raise UserError(
                        f"{place} and {other} would differ in case alone, and be one folder on "
                        f"some disks; choose another name for {scan}."
                    )

    def _check_fit(
        self,
        scan: ScanName,
        volume: Volume,
        sets: LabelSets,
        status: Mapping[str, Status],
    ) -> None:
        if not sets.scheme.has_labels_of(self.scheme):
            raise UserError(
                f"{scan} is labelled in scheme '{sets.scheme.name}', but the dataset "
                f"{self.folder} is of scheme '{self.scheme.name}'; use one scheme for both."
            )
        if sets.shape != volume.data.shape:
            raise UserError(
                f"{scan}: the image has {volume.data.shape} voxels and the labels have "
                f"{sets.shape}; bring the labels to the grid of the image first."
            )
        for name in status:
            self.scheme.index(name)

    def __repr__(self) -> str:
        return f"Dataset({str(self.folder)!r}, {self.scheme.name!r}, {len(self.cases)} cases)"


def compact(data: np.ndarray) -> np.ndarray:
    """The intensities as int16 where that loses nothing, which most scanners' images allow."""
    limits = np.iinfo(np.int16)
    if data.min() < limits.min or data.max() > limits.max:
        return data
    whole = data.astype(np.int16)
    return whole if np.array_equal(whole, data) else data
