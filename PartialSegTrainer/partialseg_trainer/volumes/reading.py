"""The one door for images: any accepted format, checked, as a volume of the wanted kind."""

from __future__ import annotations

import math
import os
import zlib

import nibabel
import numpy as np

from ..errors import UserError
from . import gzipped, metaimage, mgh, nifti, nrrd
from .affines import checked_affine
from .file_bytes import DICOM_REMEDY, check_size, damaged, is_dicom, read_bytes
from .forms import Forms
from .segments import has_segments
from .volume import Volume

MULTILABEL_VALUES = (0, 1, 2)
Source = str | os.PathLike | nibabel.spatialimages.SpatialImage | Volume


def read_volume(path: str | os.PathLike) -> Volume:
    """Read a scan, (X, Y, Z) float32.

    The format is recognised by the file's content: NIfTI-1 or -2 or FreeSurfer's MGH, gzipped or
    not, NRRD or MetaImage.

    Raises:
        UserError: the file cannot be read or is not a finite, single-channel 3-D volume.
    """
    return as_volume(path)


def as_volume(source: Source) -> Volume:
    """The scan in a file, in a nibabel image or in a volume, checked, (X, Y, Z) float32.

    Raises:
        UserError: the source cannot be read or is not a finite, single-channel 3-D volume.
    """
    name, data, affine, forms = _open(source)
    data = _three_axes(data, name)
    check_size(4 * data.size, name)
    with np.errstate(over="ignore"):
        data = data.astype(np.float32, copy=False)
    _check_finite(data, name)
    return Volume(data, affine, forms)


def read_labelmap(source: Source) -> Volume:
    """The labelmap in a file, in a nibabel image or in a volume, checked, (X, Y, Z).

    Its values are whole numbers: uint8, or uint16 where a value needs it.

    Raises:
        UserError: it cannot be read, is not 3-D, or has fractional, negative or huge values.
    """
    name, data, affine, forms = _open(source)
    data = _whole_numbers(_three_axes(data, name), name)
    return Volume(data, affine, forms)


def read_multilabel(path: str | os.PathLike) -> Volume:
    """Read a 0/1/2 tensor, (X, Y, Z, C) uint8: one volume a label; no, yes or unknown.

    Raises:
        UserError: the file cannot be read, is not 4-D, or holds other values.
    """
    name, data, affine, forms = _open(path)
    if data.ndim != 4:
        raise UserError(
            f"{name} has {data.ndim} axes {data.shape}, where 4 were expected, one volume a label; "
            "export the labels again."
        )
    data = _whole_numbers(data, name)
    if data.max() > max(MULTILABEL_VALUES):
        raise UserError(
            f"{name} holds the value {data.max()}, where only 0 (no), 1 (yes) and 2 (unknown) "
            "are allowed; export the labels again."
        )
    return Volume(data, affine, forms)


def _open(source: Source) -> tuple[str, np.ndarray, np.ndarray, Forms | None]:
    """Name, values, affine and forms; what every kind of volume has to satisfy is checked here."""
    forms = None
    if isinstance(source, Volume):
        name, data, affine, forms = "the volume", source.data, source.affine, source.forms
    elif isinstance(source, nibabel.spatialimages.SpatialImage):
        name = source.get_filename() or "the image"
        check_size(math.prod(source.shape) * source.get_data_dtype().itemsize, name)
        try:
            data = np.asanyarray(source.dataobj)
        except (EOFError, OSError, ValueError, zlib.error) as error:
            raise damaged(name, "image file", error) from error
        affine, forms = nifti.placed(source)
    else:
        name = os.fspath(source)
        data, affine, forms = _decode(read_bytes(source), name)

    if data.dtype.names:
        raise UserError(f"{name} is a colour (RGB) image; export the scan itself, in grey values.")
    if data.dtype.kind not in "biuf":
        raise UserError(
            f"{name} holds {data.dtype} values, where real numbers were expected; "
            "export its magnitude."
        )
    if data.ndim == 5 and data.shape[3] == 1:
        # ITK writes the channels of a 3-D image on the fifth axis of NIfTI.
        data = data[:, :, :, 0]
    if data.ndim < 3 or min(data.shape[:3]) < 2:
        raise UserError(
            f"{name} has the shape {data.shape}, where a volume of at least 2 voxels along each of "
            "3 axes was expected; export the whole scan."
        )
    return name, data, checked_affine(affine, name), forms


def _decode(content: bytes, name: str) -> tuple[np.ndarray, np.ndarray, Forms | None]:
    packed = gzipped.is_gzipped(content)
    head = gzipped.head(content, name) if packed else content
    if nifti.is_nifti(head):
        if packed:
            content = gzipped.unpacked(content, max(nifti.declared_sizes(head, name)), name)
        return nifti.decode(content, name)
    if nrrd.is_nrrd(head):
        content = gzipped.all_unpacked(content, name) if packed else content
        if has_segments(content):
            raise UserError(
                f"{name} is a segmentation of Slicer, which numbers its named segments as they "
                "come, where a scan or a labelmap of fixed values was expected; give the scan, or "
                "export the segmentation as a labelmap."
            )
        return *nrrd.decode(content, name), None
    if mgh.is_mgh(head):
        if packed:
            content = gzipped.unpacked(content, mgh.declared_size(head, name), name)
        return *mgh.decode(content, name), None
    if metaimage.is_metaimage(head) and not packed:
        return *metaimage.decode(content, name), None
    if is_dicom(head):
        raise UserError(f"{name} is a DICOM file, where NIfTI or NRRD is needed; {DICOM_REMEDY}.")
    raise UserError(
        f"{name} is not an image that can be read here; a NIfTI (.nii, .nii.gz), NRRD (.nrrd), "
        "MetaImage (.mha, .mhd) or FreeSurfer (.mgz) file was expected, so convert it first."
    )


def _three_axes(data: np.ndarray, name: str) -> np.ndarray:
    while data.ndim > 3 and data.shape[-1] == 1:
        data = data[..., 0]
    if data.ndim != 3:
        raise UserError(
            f"{name} has {data.ndim} axes {data.shape}, where one 3-D volume was expected; "
            "export a single volume of it."
        )
    return data


def _check_finite(data: np.ndarray, name: str) -> None:
    if data.dtype.kind == "f":
        finite = np.isfinite(data)
        if not finite.all():
            raise UserError(
                f"{name} holds NaN or infinite values in {np.count_nonzero(~finite)} voxels, where "
                "numbers were expected; replace them or export the image again."
            )


def _whole_numbers(data: np.ndarray, name: str) -> np.ndarray:
    _check_finite(data, name)
    whole = np.rint(data) if data.dtype.kind == "f" else data
    low, high = whole.min(), whole.max()
    if low < 0 or high > np.iinfo(np.uint16).max:
        raise UserError(
            f"{name} holds the value {low if low < 0 else high}, where labels from 0 to 65535 were "
            "expected; give the labelmap, not the scan."
        )
    dtype = np.uint8 if high <= np.iinfo(np.uint8).max else np.uint16
    if data.dtype.kind != "f":
        return data.astype(dtype, copy=False)
    # Labels that were stored with a scale factor come back with rounding errors.
    fractional = np.abs(data - whole) > 1e-3
    if fractional.any():
        raise UserError(
            f"{name} holds the fractional value {data[fractional][0]:.4g}, where whole numbers "
            "were expected; give the labelmap, not the scan or a probability map."
        )
    return whole.astype(dtype)
