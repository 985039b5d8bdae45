"""What the values of nnU-Net's labelmaps mean in the scheme that was declared to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, field_validator

from ..errors import UserError
from ..files import checked, read_json
from ..labels import LabelScheme
from ..volumes import Volume
from .nnunet_labels import DatasetJson, declared_regions, match_regions, numbered_otherwise

DATASET_JSON = "dataset.json"
VALUES = "partialseg.json"
"""The map in a file of its own, beside dataset.json."""
VALUES_KEY = "partialseg"
"""The same in dataset.json, which nnU-Net copies to its models and predictions."""


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid")

    scheme: dict[str, Any]
    values: dict[int, int]
    ignore: int | None = None

    @field_validator("values")
    @classmethod
    def _with_outside(cls, values: dict[int, int]) -> dict[int, int]:
        if values.get(0, 0) != 0:
            raise ValueError("0 is the background for both; leave it as it is")
        return values


@dataclass(frozen=True)
class NnUNetValues:
    """The way from nnU-Net's values back to the scheme's.

    `mapping` is value of nnU-Net -> value of `scheme`, 0 for the outside included; nothing is known
    about voxels of `ignored`. `origin` is the file that says so.
    """

    scheme: LabelScheme
    mapping: Mapping[int, int]
    ignored: int | None
    origin: Path

    def to_dict(self) -> dict[str, Any]:
        """The content of the file."""
        return {
            "scheme": self.scheme.to_dict(),
            "values": {str(old): int(new) for old, new in self.mapping.items()},
            "ignore": self.ignored,
        }

    def of_scheme(self, labelmap: Volume, scheme: LabelScheme, path: Path) -> Volume:
        """A labelmap of nnU-Net in the values of the scheme, 0 where it says `ignored`.

        Raises UserError, naming `path`, for another scheme, and for values that are not declared.
        """
        self.check(scheme)
        data = labelmap.data
        table = np.zeros(int(data.max()) + 1, dtype=int)
        allowed = {*self.mapping, self.ignored}
        strange = [value for value in np.unique(data).tolist() if value not in allowed]
        if strange:
            raise UserError(
                f"{path} has the values {', '.join(map(str, strange))}, which {self.origin} does "
                "not declare; give it with the file of the dataset that it was made from."
            )
        for old, new in self.mapping.items():
            if old < len(table):
                table[old] = new
        return labelmap.with_data(table.astype(np.min_scalar_type(int(table.max())))[data])

    def unknown(self, labelmap: Volume) -> np.ndarray | None:
        """Where nothing is known, (X, Y, Z) bool; None where that is nowhere."""
        found = None if self.ignored is None else labelmap.data == self.ignored
        return found if found is not None and found.any() else None

    def check(self, scheme: LabelScheme) -> None:
        """Raise UserError unless the values are those of this scheme."""
        same = self.scheme.has_labels_of(scheme) and all(
            self.scheme[name].value == scheme[name].value for name in scheme.names
        )
        if not same:
            raise UserError(
                f"{self.origin} is of scheme '{self.scheme.name}', but scheme '{scheme.name}' was "
                "asked for; use the scheme that was exported to nnU-Net."
            )


def read_values(path: str | Path, scheme: LabelScheme | None) -> NnUNetValues:
    """The map to a scheme in a file that was exported; of any other dataset.json, by its names.

    Without a scheme, it is the one that was exported.

    Raises UserError for a file that cannot be read or is damaged, for a map of another scheme, and
    for names that the scheme does not have.
    """
    path = Path(path)
    content = read_json(path)
    if isinstance(content, dict) and "labels" in content:
        if VALUES_KEY not in content:
            if scheme is None:
                raise UserError(f"{path} names no scheme; give one.")
            described = checked(content, DatasetJson, str(path))
            regions = declared_regions(described.labels, path)
            mapping, _ = match_regions(regions, scheme, path)
            return NnUNetValues(scheme, {0: 0, **mapping}, regions.ignored, path)
        content = content[VALUES_KEY]
    described = checked(content, _Content, str(path))
    exported = LabelScheme.from_dict(described.scheme, origin=f"{path}: scheme")
    found = NnUNetValues(exported, {0: 0, **described.values}, described.ignore, path)
    if scheme is not None:
        found.check(scheme)
    return found


def values_beside(place: str | Path, scheme: LabelScheme | None) -> NnUNetValues | None:
    """The map that speaks for a labelmap, or a folder of them; None where there is none.

    It lies in their folder, where nnU-Net's predictions have a copy of dataset.json; above
    `labelsTr`, `labelsTs` and `postprocessed`; and above the `validation` of a model's fold.

    A dataset.json of other labels is no map: see `other_labels_beside`. Raises UserError for a map
    that is damaged or of another scheme, and for a dataset.json in which labels that seem to be the
    scheme's have other values, beside some that are none.
    """
    for path in _maps_for(place):
        if _speaks_for(path, scheme):
            return read_values(path, scheme)
    return None


def other_labels_beside(place: str | Path) -> Path | None:
    """The dataset.json that would speak for a labelmap or a folder of them, if there is one.

    Where `values_beside` finds no map, it is one of other labels than the scheme's.
    """
    return next(iter(_maps_for(place)), None)


def _maps_for(place: str | Path) -> list[Path]:
    folder = Path(place).absolute()
    if not folder.is_dir():
        folder = folder.parent
    looked = [folder]
    if folder.name in ("labelsTr", "labelsTs", "postprocessed"):
        looked.append(folder.parent)
    if folder.name.startswith("validation"):
        looked += [folder.parent, folder.parent.parent]
    paths = (each / name for each in looked for name in (VALUES, DATASET_JSON))
    return [path for path in paths if path.is_file()]


def _speaks_for(path: Path, scheme: LabelScheme | None) -> bool:
    content = read_json(path)
    if path.name == VALUES or (isinstance(content, dict) and VALUES_KEY in content):
        return True
    if scheme is None:
        return False
    try:
        described = checked(content, DatasetJson, str(path))
        regions = declared_regions(described.labels, path)
    except UserError:
        return False
    try:
        match_regions(regions, scheme, path)
    except UserError:
        return numbered_otherwise(regions, scheme)
    return True
