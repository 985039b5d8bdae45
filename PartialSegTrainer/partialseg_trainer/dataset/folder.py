"""A folder of annotated scans that any BIDS tool can open: create it, open it, add cases."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, field_validator, model_serializer, model_validator

from .. import __version__
from ..errors import UserError
from ..files import atomic_folder, read_checked, write_json, write_text
from ..folders import entries, is_folder, same_on_some_disks
from ..labels import LabelScheme, LabelSets, Status
from ..volumes import Volume, as_volume, checksum, doubt_of_space, skull_stripped, write_volume
from .case import Case, CaseInfo
from .contrast import (
    DEFAULT,
    by_contrast,
    checked_contrast,
    checked_contrasts,
    named,
    one_or_several,
)
from .layout import BIDSIGNORE, DESCRIPTION, SCHEME, SIDECAR, ScanName, scan_folders
from .lock import locked
from .participants import record_subject, write_rows
from .tensors import write_label_sets

Image = str | os.PathLike | Volume


class CaseExistsError(UserError):
    """A case is there already, and may not be replaced."""


class Generator(BaseModel):
    """The software that wrote a dataset."""

    Name: str
    Version: str | None = None


class Description(BaseModel):
    """What dataset_description.json must say; the field names are those of BIDS, but two.

    `Contrast` is that of all scans; where each has several images, `Contrasts` are theirs, in
    order, in place of it.
    """

    Name: str
    BIDSVersion: str
    DatasetType: Literal["derivative"]
    GeneratedBy: list[Generator]
    Contrast: str = DEFAULT
    Contrasts: tuple[str, ...] = ()

    @field_validator("Contrast")
    @classmethod
    def _suffix(cls, contrast: str) -> str:
        return checked_contrast(contrast)

    @field_validator("Contrasts")
    @classmethod
    def _suffixes(cls, contrasts: tuple[str, ...]) -> tuple[str, ...]:
        return checked_contrasts(contrasts)

    @model_validator(mode="after")
    def _all_of_them(self) -> Description:
        self.Contrasts = self.Contrasts or (self.Contrast,)
        self.Contrast = self.Contrasts[0]
        return self

    @model_serializer(mode="wrap")
    def _one_or_several(self, written: Any) -> dict[str, Any]:
        return one_or_several(written(self), "Contrast", "Contrasts")


class Dataset:
    """Annotated scans of one label scheme in one folder, each with an image of each contrast.

    Labels are drawn on the first of the `contrasts`, and have its grid.

    Use `Dataset.create` or `Dataset.open`. `cases` looks at the folder each time, so a case that
    Slicer has just exported is seen without opening the dataset again.
    """

    def __init__(
        self, folder: Path, scheme: LabelScheme, name: str, contrasts: tuple[str, ...] = (DEFAULT,)
    ):
        self.folder = folder
        self.scheme = scheme
        self.name = name
        self.contrasts = contrasts

    @property
    def contrast(self) -> str:
        """The first contrast."""
        return self.contrasts[0]

    @classmethod
    def create(
        cls,
        folder: str | Path,
        scheme: LabelScheme | str | Path,
        name: str,
        contrast: str | Sequence[str] = DEFAULT,
    ) -> Dataset:
        """Make an empty dataset of scans of one contrast, a suffix of BIDS, or of several.

        Raises UserError when the folder exists and is not empty, the scheme cannot be loaded, or
        a contrast is no suffix or named twice.
        """
        folder, contrasts = Path(folder), checked_contrasts(contrast)
        if not isinstance(scheme, LabelScheme):
            scheme = LabelScheme.load(scheme)
        description = Description(
            Name=name,
            BIDSVersion="1.10.0",
            DatasetType="derivative",
            GeneratedBy=[Generator(Name="PartialSeg", Version=__version__)],
            Contrasts=contrasts,
        )
        with atomic_folder(folder) as temporary:
            write_json(temporary / DESCRIPTION, description.model_dump())
            scheme.save(temporary / SCHEME)
            write_rows(temporary, [])
            # The suffix `multilabel` and the scheme are ours: validators shall pass them over.
            # So are contrasts that BIDS does not know.
            foreign = [f"*_{suffix}.*" for suffix in contrasts if not named(suffix)]
            ours = ["*_multilabel.*", SCHEME, *foreign]
            write_text(temporary / BIDSIGNORE, "".join(f"{pattern}\n" for pattern in ours))
        return cls(folder, scheme, name, contrasts)

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
        return cls(folder, scheme, description.Name, description.Contrasts)

    @property
    def cases(self) -> tuple[Case, ...]:
        """Every case, ordered by path."""
        return tuple(
            self.case(scan)
            for scan, anat in scan_folders(self.folder)
            if scan is not None and os.path.lexists(anat / f"{scan}{SIDECAR}")
        )

    def case(self, scan: ScanName) -> Case:
        """The case of that name, whether it exists or not."""
        return Case(self.folder, scan, self.contrasts)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects that have at least one case."""
        return tuple(dict.fromkeys(case.subject for case in self.cases))

    def add_case(
        self,
        subject: str,
        image: Image | Mapping[str, Image],
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

        `image` is (X, Y, Z); `sets` has the same shape. Where the dataset has several contrasts,
        `image` has one of each, by its name: `sets` has the shape of the first, and the others may
        lie on any grid in the same space. `status` may leave labels out: they are not annotated.
        `reviewed` gives the day on which labels that a model had drawn were accepted. Subjects of
        one `group` stay together in every split. The identifiers stand in file names, so they must
        not be names of patients.

        The sidecar makes the case: it is removed first and written last, so that a crash leaves
        the whole case or none. While one process adds a case, others wait. Raises CaseExistsError
        when the case exists and `replace` is false, and UserError for identifiers that BIDS does
        not allow or that differ in case alone from one that is there, for images or labels that do
        not fit, and for a contrast that is missing, unknown, or the same image as another.
        """
        scan = ScanName(subject, session)
        with locked(self.folder):
            return self._add(
                scan, image, sets, status, annotator, dict(reviewed or {}), group, replace
            )

    def _add(
        self,
        scan: ScanName,
        image: Image | Mapping[str, Image],
        sets: LabelSets,
        status: Mapping[str, Status],
        annotator: str,
        reviewed: dict[str, str],
        group: str | None,
        replace: bool,
    ) -> Case:
        """`add_case`, while nobody else changes the dataset."""
        targets = scan.files(self.folder, *self.contrasts)
        existing = [path for path in targets if os.path.lexists(path)]
        if existing and not replace:
            raise CaseExistsError(
                f"{existing[0]} already exists; choose another subject or session, or ask to "
                "replace the case."
            )
        self._refuse_other_case(scan)
        given = by_contrast(image, self.contrasts, str(scan))
        volumes = {contrast: as_volume(each) for contrast, each in given.items()}
        volume = volumes[self.contrast]
        self._check_fit(scan, volume, sets, status)
        check_together(volumes, str(scan))
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=self.folder) as staging:
            staged = tuple(Path(staging) / path.name for path in targets)
            *images, labels, sidecar = staged
            for path, each in zip(images, volumes.values(), strict=True):
                write_volume(path, each.with_data(compact(each.data)))
            write_label_sets(labels, sets, volume.grid)
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
                image_sha256=checksum(images[0]),
                further_sha256={
                    contrast: checksum(path)
                    for contrast, path in zip(self.contrasts[1:], images[1:], strict=True)
                },
                labels_sha256=checksum(labels),
                fully_known=sets.fully_known,
            )
            write_json(sidecar, info.model_dump(mode="json"))
            case = self.case(scan)
            beside = [Path(staging) / path.name for path in case.image_sidecar_paths]
            for path, each in zip(beside, volumes.values(), strict=True):
                # BIDS demands it of images in derivatives.
                write_json(path, {"SkullStripped": skull_stripped(each.data)})
            # First the folder: a row of the table that has none speaks of nobody.
            scan.folder(self.folder).mkdir(parents=True, exist_ok=True)
            record_subject(self.folder, scan.subject, group)
            targets[-1].unlink(missing_ok=True)
            for source, target in zip(
                (*beside, *staged), (*case.image_sidecar_paths, *targets), strict=True
            ):
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


def check_together(volumes: Mapping[str, Volume], whose: str) -> list[str]:
    """Sentences on images of one scan, by their contrasts, that hardly cover the first.

    Raises UserError where one lies elsewhere, or is another one once more.
    """
    (first, volume), *further = volumes.items()
    doubts = []
    for contrast, other in further:
        names = (f"The {first} of {whose}", f"the {contrast} of {whose}")
        doubts.append(doubt_of_space(volume.grid, other.grid, *names))
    for (one, image), (other, again) in itertools.combinations(volumes.items(), 2):
        if image.data.shape == again.data.shape and np.array_equal(image.data, again.data):
            raise UserError(
                f"The {one} and the {other} of {whose} are the same image; give one of each "
                "contrast."
            )
    return list(filter(None, doubts))


def compact(data: np.ndarray) -> np.ndarray:
    """The intensities as int16 where that loses nothing, which most scanners' images allow."""
    limits = np.iinfo(np.int16)
    if data.min() < limits.min or data.max() > limits.max:
        return data
    whole = data.astype(np.int16)
    return whole if np.array_equal(whole, data) else data
