"""One DICOM image: what its header says of its series, its place and its voxels."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import incoming
from ..errors import UserError
from ..limits import IMAGE_GB
from .packages import dicom_packages

_DEFLATED = "1.2.840.10008.1.2.1.99"
# What has rows and columns without being a scan.
_NO_SCANS = {"SEG", "RTDOSE", "PR", "KO", "SR"}
_FIELDS = [
    *("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription"),
    *("Modality", "ImageType", "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel"),
    *("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"),
    "SharedFunctionalGroupsSequence",
]
# What pydicom raises for bytes that make no sense.
_DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)


@dataclass(frozen=True, eq=False)
class Image:
    """One file of a series.

    `position` (3,) and `directions` (2, 3), along rows and down columns, are in LPS mm; `spacing`
    (2,) is that from row to row, then from column to column. They are None where they are not told.
    """

    path: Path
    uid: str
    series_uid: str
    series_number: int | None
    description: str
    modality: str
    rows: int
    columns: int
    samples: int
    many_frames: bool
    position: np.ndarray | None
    directions: np.ndarray | None
    spacing: np.ndarray | None


def read_image(path: Path, name: str) -> Image | None:
    """What a file says; None where it is no scan but a report, a directory or a segmentation.

    Raises UserError, which calls the file `name`, where it is damaged or too large.
    """
    dataset = read_dataset(path, name, _FIELDS)
    try:
        with dicom_packages():
            meta = dataset.file_meta.get("MediaStorageSOPClassUID")
            kind = dataset.get("SOPClassUID") or meta
            if not kind or ("Rows" not in dataset and kind.name.endswith("Image Storage")):
                # Cut off before what matters; to pass it over would be to lose a slice.
                raise _damaged(name)
            if "Rows" not in dataset or dataset.get("Modality") in _NO_SCANS:
                return None
            number = dataset.get("SeriesNumber")
            frames = int(dataset.get("NumberOfFrames") or 1)
            enhanced = "SharedFunctionalGroupsSequence" in dataset
            mosaic = "MOSAIC" in (dataset.get("ImageType") or ())
            return Image(
                path=path,
                uid=str(dataset.SOPInstanceUID),
                series_uid=str(dataset.SeriesInstanceUID),
                series_number=None if number is None else int(number),
                description=str(dataset.get("SeriesDescription") or ""),
                modality=str(dataset.get("Modality") or ""),
                rows=int(dataset.Rows),
                columns=int(dataset.Columns),
                samples=int(dataset.get("SamplesPerPixel") or 1),
                many_frames=frames > 1 or enhanced or mosaic,
                position=_numbers(dataset, "ImagePositionPatient", 3),
                directions=_numbers(dataset, "ImageOrientationPatient", 2, 3),
                spacing=_numbers(dataset, "PixelSpacing", 2),
            )
    except UserError:
        raise
    except _DAMAGE as error:
        raise _damaged(name) from error


def read_dataset(path: Path, name: str, fields: list[str] | None = None) -> Any:
    """The pydicom data set of a file without its voxels: all, or only some `fields`.

    Raises UserError, which calls the file `name`, where it is damaged or too large.
    """
    IMAGE_GB.check(incoming.file_size(path) / 1e9, f"{name} has")
    try:
        with dicom_packages():
            import pydicom

            meta = pydicom.filereader.read_file_meta_info(path)
            if meta.get("TransferSyntaxUID") == _DEFLATED:
                # It is unpacked whole before anything is known of its size.
                raise UserError(
                    f"{name} is packed as a whole (deflated), which is not read here; export the "
                    "series in another transfer syntax."
                )
            return pydicom.dcmread(path, stop_before_pixels=True, specific_tags=fields)
    except UserError:
        raise
    except (pydicom.errors.InvalidDicomError, *_DAMAGE) as error:
        raise _damaged(name) from error


def _numbers(dataset: Any, field: str, *shape: int) -> np.ndarray | None:
    found = dataset.get(field)
    if found is None or found == "":
        return None
    numbers = np.array([float(number) for number in found]).reshape(shape)
    if not np.isfinite(numbers).all():
        raise ValueError(f"{field} is not finite")
    return numbers


def _damaged(name: str) -> UserError:
    # Without the values of the file: they may be a patient's.
    return UserError(f"{name} is a damaged or truncated DICOM file; copy or export it again.")
