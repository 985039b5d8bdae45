"""The series of a DICOM folder or zip file, one of them chosen, and its voxels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..errors import UserError
from ..incoming import shown
from ..volumes import Volume
from ..volumes.quiet_itk import quiet_itk
from .files import dicom_files
from .image import Image, read_image
from .stack import Stack, stack


@dataclass(frozen=True, eq=False)
class Series:
    """A series; `key` is what it is chosen by: its number, or its UID where two have that."""

    source: Path
    key: str
    images: tuple[Image, ...]

    @property
    def name(self) -> str:
        """What errors call it; nothing of the patient is in it."""
        return f"Series {self.key} of {self.source}"

    @cached_property
    def stack(self) -> Stack:
        """Its images in order. Raises UserError as the function `stack` does."""
        return stack(self.images, self.name)

    def volume(self) -> Volume:
        """Its voxels, (columns, rows, images) float32, each slice rescaled as its header says.

        Raises UserError as `stack` does, and for voxels that cannot be read.
        """
        import SimpleITK

        found = self.stack
        reader = SimpleITK.ImageSeriesReader()
        reader.SetImageIO("GDCMImageIO")
        reader.SetFileNames([str(image.path) for image in found.images])
        # The type of the first slice may not hold what another's scale makes of its voxels.
        reader.SetOutputPixelType(SimpleITK.sitkFloat32)
        try:
            with quiet_itk():
                data = SimpleITK.GetArrayFromImage(reader.Execute()).T
        except RuntimeError as error:
            raise self._unreadable() from error
        if data.shape != found.shape:
            raise self._unreadable()
        return Volume(data, found.affine)

    def _unreadable(self) -> UserError:
        return UserError(
            f"{self.name} has voxels that are damaged, or packed in a way that is not read here; "
            "export the series again, or convert it with dcm2niix."
        )


@contextmanager
def open_dicom(source: Path) -> Iterator[list[Series]]:
    """The series in a folder, at any depth, in a zip file, or of one file; by their numbers.

    They can be read within the block. Raises UserError where there is none, a file is damaged, or
    the extra `dicom` is not installed.
    """
    with dicom_files(source) as files:
        by_uid: dict[str, list[Image]] = defaultdict(list)
        for name, path in files.items():
            image = read_image(path, name)
            if image is not None:
                by_uid[image.series_uid].append(image)
        if not by_uid:
            raise UserError(
                f"{source} holds no DICOM image; name a folder or zip file with a series in it."
            )
        groups = sorted(
            by_uid.items(), key=lambda item: (item[1][0].series_number or 0, len(item[1]))
        )
        numbers = [images[0].series_number for _, images in groups]
        yield [
            Series(
                source,
                uid if number is None or numbers.count(number) > 1 else str(number),
                tuple(images),
            )
            for number, (uid, images) in zip(numbers, groups, strict=True)
        ]


def choose_series(series: Sequence[Series], wanted: str | None) -> Series:
    """The one with that key or UID; where none is wanted, the only one there is.

    Raises UserError where there is no such one, or several to choose from.
    """
    source, keys = series[0].source, ", ".join(one.key for one in series)
    if wanted is None:
        if len(series) > 1:
            raise UserError(
                f"{source} holds {len(series)} DICOM series, {keys}, where one was expected; "
                "choose it with --series."
            )
        return series[0]
    for one in series:
        if wanted in (one.key, one.images[0].series_uid):
            return one
    raise UserError(f"{source} has no series {shown(wanted)}; there are {keys}.")
