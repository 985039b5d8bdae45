"""One annotated scan of a dataset: images, 0/1/2 labels, and the sidecar that describes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, model_serializer, model_validator

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
    unknown. `image_sha256` is that of the first contrast's image, `further_sha256` has those of
    the others by their contrasts.
    """

    model_config = ConfigDict(frozen=True)

    labels: tuple[str, ...]
    status: dict[str, Status]
    reviewed: dict[str, str] = {}
    annotator: str = ""
    date: datetime
    software_version: str
    image_sha256: str
    further_sha256: dict[str, str] = {}
    labels_sha256: str
    fully_known: bool

    @model_validator(mode="after")
    def _one_status_a_label(self) -> CaseInfo:
        if set(self.status) != set(self.labels):
            raise ValueError("status must have one entry for each of the labels, and no other")
        return self

    def sha256_of(self, contrasts: tuple[str, ...]) -> tuple[str | None, ...]:
        """The checksum of the image of each contrast, of which the first is the first."""
        return (self.image_sha256, *map(self.further_sha256.get, contrasts[1:]))

    @model_serializer(mode="wrap")
    def _without_what_is_not_there(self, written: Any) -> dict[str, Any]:
        content = written(self)
        return content if self.further_sha256 else _without(content, "further_sha256")


@dataclass(frozen=True)
class Case:
    """One scan of the dataset in `folder`; nothing is read before it is asked for."""

    folder: Path
    scan: ScanName
    contrasts: tuple[str, ...] = (DEFAULT,)

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
        """The image of the first contrast, on whose grid the labels are."""
        return self.image_paths[0]

    @property
    def image_paths(self) -> tuple[Path, ...]:
        """The image of each contrast, on grids of their own."""
        return self.scan.files(self.folder, *self.contrasts)[:-2]

    @property
    def contrast(self) -> str:
        """The first contrast."""
        return self.contrasts[0]

    @property
    def image_sidecar_path(self) -> Path:
        """The JSON file beside the image of the first contrast."""
        return self.image_sidecar_paths[0]

    @property
    def image_sidecar_paths(self) -> tuple[Path, ...]:
        """The JSON file beside each image."""
        return tuple(
            self.image_path.with_name(f"{self.scan}_{contrast}.json") for contrast in self.contrasts
        )

    @property
    def labels_path(self) -> Path:
        """The multi-label file: (X, Y, Z, C) of 0 (no), 1 (yes), 2 (unknown)."""
        return self.scan.files(self.folder)[0]

    @property
    def sidecar_path(self) -> Path:
        """The JSON file beside the multi-label file."""
        return self.scan.files(self.folder)[1]

    @property
    def info(self) -> CaseInfo:
        """The sidecar, read anew. Raises UserError when it is missing or has a wrong field."""
        return read_checked(self.sidecar_path, CaseInfo)

    def image(self) -> Volume:
        """The first contrast's image, (X, Y, Z) float32.

        Raises UserError for a file that cannot be used.
        """
        return read_volume(self.image_path)

    def images(self) -> dict[str, Volume]:
        """The image of each contrast as it lies on disk, in their order; see `image`."""
        return dict(zip(self.contrasts, map(read_volume, self.image_paths), strict=True))

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


def _without(content: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name != field}
