"""The two forms by which a NIfTI header places its voxels, and what each reader makes of them."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import nibabel
import numpy as np

from .quiet_itk import quiet_itk

# The fields that place voxels; nothing else of a header comes along.
_FIELDS = (
    *("qform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z"),
    *("sform_code", "srow_x", "srow_y", "srow_z"),
)
_MM = {1: 1000.0, 3: 1 / 1000}  # xyzt_units: metres and micrometres; all else are millimetres.
_SPACE_UNITS = 0b111
_SILENT = logging.Logger("nibabel.silent", logging.CRITICAL)
_OFFSET = 352  # Of the voxels in a NIfTI-1 file without extensions.
_MOST = np.iinfo(np.int16).max
# Cosine of two axes from which on ITK calls them not orthonormal.
_RIGHT_ANGLE = 1e-4


class _AsNiftilib:
    """A header whose quaternion is read as the format's reference library does, and ITK with it.

    Near a half turn the first part of a unit quaternion is the root of a rounding error, which
    turns the corner of a scan by a third of a voxel, or of a negative one. There the rotation is a
    half turn (nifti1_io.c, nifti_quatern_to_mat44).
    """

    def get_qform_quaternion(self) -> np.ndarray:
        parts = np.array([self[f"quatern_{part}"] for part in "bcd"], dtype=np.float64)
        square = 1 - parts @ parts
        if square < -1e-3:
            raise ValueError(f"its quaternion has the length {np.sqrt(1 - square):.5g}, not 1")
        if square < 1e-7:
            return np.array([0, *(parts / np.linalg.norm(parts))])
        return np.array([np.sqrt(square), *parts])


class Nifti1Header(_AsNiftilib, nibabel.Nifti1Header):
    pass


class Nifti2Header(_AsNiftilib, nibabel.Nifti2Header):
    pass


class Nifti1Image(nibabel.Nifti1Image):
    header_class = Nifti1Header


class Nifti2Image(nibabel.Nifti2Image):
    header_class = Nifti2Header


class PlacedImage(Nifti1Image):
    """An image that is written with the very forms of a header.

    nibabel mends what it reads otherwise than other programs do, and writes its own affine there.
    """

    def __init__(self, data: np.ndarray, affine: np.ndarray, header: Nifti1Header) -> None:
        # nibabel says on the screen what it mends; here that is mended in silence, and put back.
        super().__init__(data, affine, _mended(header))
        for name in (*_FIELDS, "pixdim"):
            self.header[name] = header[name]

    def update_header(self) -> None:
        self.header.set_data_shape(self.shape)


@dataclass(frozen=True, eq=False)
class Forms:
    """qform, sform, their codes, voxel sizes and unit of a scan, as its file holds them.

    Programs differ in which form they trust. What is written with the forms of its scan lies on the
    scan in every one of them, whichever that is.
    """

    _header: nibabel.Nifti1Header = field(repr=False)

    @classmethod
    def of(cls, header: nibabel.Nifti1Header) -> Forms:
        """Those of a header, which is not kept; as it is in the file, before nibabel mends it."""
        kind = Nifti2Header if isinstance(header, nibabel.Nifti2Header) else Nifti1Header
        forms = cls(kind())
        for name in _FIELDS:
            forms._header[name] = header[name]
        for name in ("qform_code", "sform_code"):
            # In NIfTI-1 they have 16 bits.
            forms._header[name] = np.clip(int(header[name]), -1, _MOST)
        forms._header["pixdim"][:4] = header["pixdim"][:4]
        forms._header["xyzt_units"] = int(header["xyzt_units"]) & _SPACE_UNITS
        forms._header.set_data_shape((2, 2, 2))
        return forms

    @property
    def mm(self) -> float:
        """How many mm the unit of the header is."""
        return _MM.get(int(self._header["xyzt_units"]), 1.0)

    @np.errstate(all="ignore")  # Who reads the affine tells of numbers that are none.
    def header(self, shape: tuple[int, ...]) -> Nifti1Header:
        """A fresh NIfTI-1 header of these forms, for voxels of that shape."""
        header = Nifti1Header()
        header.set_data_shape(shape)
        for name in _FIELDS:
            header[name] = self._header[name]
        header["pixdim"][:4] = self._header["pixdim"][:4]
        header["xyzt_units"] = self._header["xyzt_units"]
        return header

    @np.errstate(all="ignore")  # Who reads the affine tells of numbers that are none.
    def affine(self, shape: tuple[int, ...]) -> np.ndarray:
        """Voxel index to RAS mm for a volume of that shape, by the form that nibabel chooses.

        That is the sform, else the qform; else axes to left, anterior and superior with the middle
        voxel at 0. Raises ValueError for a quaternion that is no rotation.
        """
        return in_mm(self.affine_in_unit(shape), self.mm)

    def affine_in_unit(self, shape: tuple[int, ...]) -> np.ndarray:
        """The same in the unit of the header, in which nibabel has it."""
        header = self._mended.copy()
        header.set_data_shape(shape[:3])
        return header.get_best_affine()

    @cached_property
    def _mended(self) -> nibabel.Nifti1Header:
        return _mended(self._header)

    @np.errstate(all="ignore")  # Who reads the affine tells of numbers that are none.
    def affine_of_itk(self, shape: tuple[int, ...]) -> np.ndarray | None:
        """The same as ITK, and with it Slicer, ITK-SNAP and nnU-Net, reads the header.

        None where ITK cannot open it, because its axes are not at right angles.
        """
        affine = self.affine(shape)
        return affine if self._clear(affine) else self._seen_by_itk

    def _clear(self, affine: np.ndarray) -> bool:
        """Whether there is but one way to read it, so that ITK need not be asked."""
        header, mm = self._header, self.mm
        codes = [int(header[name]) > 0 for name in ("qform_code", "sform_code")]
        sizes = np.linalg.norm(affine[:3, :3], axis=0)
        return (
            any(codes)
            and header == self._mended
            and shear(affine) < _RIGHT_ANGLE / 2
            and np.allclose(sizes, header["pixdim"][1:4] * mm, rtol=1e-4, atol=0)
            and (not all(codes) or self._qform_is(affine))
        )

    def _qform_is(self, affine: np.ndarray) -> bool:
        try:
            qform = in_mm(self._header.get_qform(), self.mm)
        except (ValueError, nibabel.spatialimages.HeaderDataError):
            return False  # It is no rotation, and nibabel went by the sform.
        return np.allclose(qform, affine, atol=1e-4)

    @cached_property
    def _seen_by_itk(self) -> np.ndarray | None:
        # It takes a second to import, and few scans need it.
        import SimpleITK

        reader = SimpleITK.ImageFileReader()
        reader.SetImageIO("NiftiImageIO")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "forms.nii"
            header = self.header((2, 2, 2))
            header.set_data_dtype(np.uint8)
            header["vox_offset"] = _OFFSET
            file.write_bytes(header.binaryblock.ljust(_OFFSET + 2**3, b"\0"))
            reader.SetFileName(str(file))
            try:
                with quiet_itk():
                    reader.ReadImageInformation()
            except RuntimeError:
                return None
        affine = np.eye(4)
        affine[:3, :3] = np.reshape(reader.GetDirection(), (3, 3)) * reader.GetSpacing()
        affine[:3, 3] = reader.GetOrigin()
        return np.diag([-1, -1, 1, 1]) @ affine

    @property
    def missing(self) -> bool:
        """Whether neither form is there, so that nothing is said of left and right."""
        return max(int(self._header["qform_code"]), int(self._header["sform_code"])) <= 0


def _mended(header: nibabel.Nifti1Header) -> nibabel.Nifti1Header:
    """The header as nibabel reads it: without codes that there are not, with sizes above 0."""
    header = header.copy()
    header.check_fix(_SILENT, error_level=np.inf)
    return header


def in_mm(affine: np.ndarray, mm: float) -> np.ndarray:
    """An affine in a unit of so many mm as one in mm."""
    return np.diag([mm, mm, mm, 1]) @ affine


def shear(affine: np.ndarray) -> float:
    """The largest cosine between two axes: 0 where all are at right angles."""
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return float(np.abs(axes.T @ axes - np.eye(3)).max())
