"""One annotated scan of a dataset: image, 0/1/2 labels, and the sidecar that describes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, model_validator

from ..errors import UserError
from ..files import read_checked
from ..labels import LabelScheme, LabelSets, Status
from ..volumes import Volume, read_volume
from .contrast import DEFAULT
from .layout import ScanName
from .tensors import read_label_sets


class CaseInfo(BaseModel):
    """The sidecar of a case.

    `labels` names the volumes of the multi-label file in order; `status` says for each label how
    far its annotation had come; `reviewed` gives, for labels that a model had drawn, the day on
    which they were accepted, as in 2026-12-01; `fully_known` says that no voxel of any label is
    unknown.
    """

    model_config = ConfigDict(frozen=True)

    labels: tuple[str, ...]
    status: dict[str, Status]
    reviewed: dict[str, str] = {}
    annotator: str = ""
    date: datetime
    software_version: str
    image_sha256: str
    labels_sha256: str
    fully_known: bool

    @model_validator(mode="after")
    def _one_status_a_label(self) -> CaseInfo:
        if set(self.status) != set(self.labels):
            raise ValueError("status must have one entry for each of the labels, and no other")
        return self


@dataclass(frozen=True)
class Case:
    """One scan of the dataset in `folder`; nothing is read before it is asked for."""

    folder: Path
    scan: ScanName
    contrast: str = DEFAULT

    @property
    def subject(self) -> str:
        """The subject's identifier, without `sub-`."""
        return self.scan.subject

    @property
    def session(self) -> str | None:
        """The session's identifier, without `ses-`; None where the subject has but one visit."""
        return self.scan.session

    @property
    def name(self) -> str:
        """`sub-01` or `sub-01_ses-1`."""
        return str(self.scan)

    @property
    def image_path(self) -> Path:
        """The scan itself."""
        return self.scan.files(self.folder, self.contrast)[0]

    @property
    def image_sidecar_path(self) -> Path:
        """The JSON file beside the image."""
        return self.image_path.with_name(f"{self.scan}_{self.contrast}.json")

    @property
    def labels_path(self) -> Path:
        """The multi-label file: (X, Y, Z, C) of 0 (no), 1 (yes), 2 (unknown)."""
        return self.scan.files(self.folder, self.contrast)[1]

    @property
    def sidecar_path(self) -> Path:
        """The JSON file beside the multi-label file."""
        return self.scan.files(self.folder, self.contrast)[2]

    @property
    def info(self) -> CaseInfo:
        """The sidecar, read anew. Raises UserError when it is missing or has a wrong field."""
        return read_checked(self.sidecar_path, CaseInfo)

    def image(self) -> Volume:
        """The image, (X, Y, Z) float32. Raises UserError for a file that cannot be used."""
        return read_volume(self.image_path)

    def label_sets(self, scheme: LabelScheme) -> LabelSets:
        """What is known about each voxel, in the image's voxel order (X, Y, Z).

        Raises UserError when the file does not hold 0, 1 and 2 of this scheme's labels in order,
        or contradicts the scheme's hierarchy.
        """
        labels = self.info.labels
        if labels != scheme.names:
            raise UserError(
                f"{self.sidecar_path} lists the labels {', '.join(labels)}, but scheme "
                f"'{scheme.name}' has {', '.join(scheme.names)}; export the case anew."
            )
        return read_label_sets(self.labels_path, scheme)[0]
