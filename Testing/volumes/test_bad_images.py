"""Every image that cannot be used is refused in one sentence that names the file and a remedy."""

import errno
import gzip
import os
import struct
from pathlib import Path

import nibabel
import nrrd
import numpy as np
import pytest

from partialseg_trainer.errors import UserError
from partialseg_trainer.volumes import (
    Volume,
    as_volume,
    read_labelmap,
    read_multilabel,
    read_volume,
    write_volume,
)

RGB = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])


def nifti(path, data, affine=None):
    nibabel.Nifti1Image(data, np.eye(4) if affine is None else affine).to_filename(path)
    return path


def scan(path):
    values = np.random.default_rng(0).random((12, 12, 12), dtype=np.float32)
    return nifti(path, values)


def refusal(read, path):
    with pytest.raises(UserError) as caught:
        read(path)
    message = str(caught.value)
    assert Path(path).name in message
    assert "\n" not in message and message.endswith(".")
    return message


def test_missing_file(tmp_path):
    assert "does not exist" in refusal(read_volume, tmp_path / "none.nii.gz")


def test_empty_file(tmp_path):
    (tmp_path / "empty.nii").touch()
    assert "is empty" in refusal(read_volume, tmp_path / "empty.nii")


@pytest.mark.parametrize("content", [b"hello, world " * 40, b"\x89PNG\r\n\x1a\n" + bytes(400)])
@pytest.mark.parametrize("name", ["notes.nii", "notes.nii.gz", "notes.nrrd", "notes.png"])
def test_not_an_image_whatever_its_name(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert "is not an image" in refusal(read_volume, tmp_path / name)


def test_something_else_in_gzip(tmp_path):
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(b"not a scan" * 100))
    assert "is not an image" in refusal(read_volume, tmp_path / "a.nii.gz")


@pytest.mark.parametrize("kept", [0.2, 0.9, 0.999])
def test_truncated_gzip(tmp_path, kept):
    path = scan(tmp_path / "a.nii.gz")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    assert "damaged or truncated gzip" in refusal(read_volume, path)


def test_truncated_gzip_behind_an_image_in_memory(tmp_path):
    path = scan(tmp_path / "a.nii.gz")
    path.write_bytes(path.read_bytes()[:2000])
    image = nibabel.load(path)
    assert "damaged or truncated" in refusal(lambda _: as_volume(image), path)


def test_a_flipped_bit_in_gzip(tmp_path):
    path = scan(tmp_path / "a.nii.gz")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    assert "damaged or truncated gzip" in refusal(read_volume, path)


@pytest.mark.parametrize("kept", [340, 360, 2000])
def test_truncated_nifti(tmp_path, kept):
    path = scan(tmp_path / "a.nii")
    path.write_bytes(path.read_bytes()[:kept])
    assert "damaged or truncated NIfTI" in refusal(read_volume, path)


@pytest.mark.parametrize("kept", [0.05, 0.5, 0.95])
def test_truncated_nrrd(tmp_path, kept):
    path = tmp_path / "a.nrrd"
    write_volume(path, read_volume(scan(tmp_path / "a.nii")))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    assert "damaged or truncated NRRD" in refusal(read_volume, path)


@pytest.mark.parametrize(
    ("position", "value"),
    [(40, struct.pack("<h", 9)), (42, struct.pack("<h", -3)), (70, struct.pack("<h", 999))],
)
def test_a_damaged_header(tmp_path, position, value, caplog):
    path = scan(tmp_path / "a.nii")
    content = bytearray(path.read_bytes())
    content[position : position + len(value)] = value
    path.write_bytes(content)
    assert "damaged or truncated NIfTI" in refusal(read_volume, path)
    assert not caplog.records


def test_a_header_that_promises_a_huge_image(tmp_path):
    path = scan(tmp_path / "a.nii")
    content = bytearray(path.read_bytes())
    content[42:48] = struct.pack("<3h", 32000, 32000, 32000)
    path.write_bytes(content)
    assert "damaged or truncated NIfTI" in refusal(read_volume, path)


@pytest.mark.parametrize("shape", [(8, 8, 1), (1, 8, 8), (8, 8), (8, 0, 8)])
def test_single_slices_and_empty_volumes(tmp_path, shape):
    path = nifti(tmp_path / "a.nii", np.zeros(shape, np.uint8))
    assert "at least 2 voxels" in refusal(read_volume, path)
    refusal(read_labelmap, path)
    refusal(read_multilabel, path)


def test_4d_where_3d_is_wanted(tmp_path):
    path = nifti(tmp_path / "a.nii.gz", np.zeros((5, 6, 7, 3), np.uint8))
    assert "4 axes (5, 6, 7, 3)" in refusal(read_volume, path)
    assert "4 axes" in refusal(read_labelmap, path)


def test_3d_where_4d_is_wanted(tmp_path):
    path = nifti(tmp_path / "a.nii.gz", np.zeros((5, 6, 7), np.uint8))
    assert "3 axes" in refusal(read_multilabel, path)


def test_colour(tmp_path):
    path = nifti(tmp_path / "a.nii.gz", np.zeros((5, 6, 7), RGB))
    for read in (read_volume, read_labelmap, read_multilabel):
        assert "colour (RGB)" in refusal(read, path)


def test_complex_values(tmp_path):
    path = nifti(tmp_path / "a.nii.gz", np.zeros((5, 6, 7), np.complex64))
    assert "complex64" in refusal(read_volume, path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_values_that_are_no_finite_float32(tmp_path, value):
    data = np.ones((5, 6, 7))
    data[1, 2, 3] = value
    path = nifti(tmp_path / "a.nii.gz", data)
    assert "in 1 voxels" in refusal(read_volume, path)
    refusal(read_labelmap, path)


@pytest.mark.parametrize(
    "affine",
    [np.diag([1, 1, 0, 1]), np.diag([1, np.nan, 1, 1]), np.ones((4, 4)), np.zeros((4, 4))],
)
def test_affines_that_cannot_be_inverted(tmp_path, affine):
    image = nibabel.Nifti1Image(np.ones((5, 6, 7), np.uint8), np.eye(4))
    image.header.set_sform(affine, code="scanner")
    path = tmp_path / "a.nii.gz"
    path.write_bytes(
        gzip.compress(image.header.binaryblock + bytes(4) + np.asarray(image.dataobj).tobytes("F"))
    )
    assert "cannot be inverted" in refusal(read_volume, path)
    assert "cannot be inverted" in refusal(read_labelmap, path)


@pytest.mark.parametrize("ending", ["nii", "nrrd"])
def test_a_scan_that_lies_nowhere_near_the_scanner(tmp_path, ending):
    far = np.eye(4)
    far[1, 3] = -1e30
    write_volume(tmp_path / f"a.{ending}", Volume(np.ones((5, 6, 7), np.uint8), far))
    assert "km away" in refusal(read_volume, tmp_path / f"a.{ending}")


@pytest.mark.parametrize(
    ("value", "words"),
    [(1.5, "fractional value 1.5"), (-1, "value -1"), (70000, "value 70000")],
)
def test_labelmaps_that_are_none(tmp_path, value, words):
    data = np.zeros((5, 6, 7), np.float32)
    data[0, 0, 1] = value
    assert words in refusal(read_labelmap, nifti(tmp_path / "a.nii.gz", data))


def test_multilabel_values_beyond_unknown(tmp_path):
    data = np.zeros((5, 6, 7, 2), np.uint8)
    data[0, 0, 0, 1] = 3
    assert "value 3" in refusal(read_multilabel, nifti(tmp_path / "a.nii.gz", data))


def test_half_of_a_pair(tmp_path):
    nibabel.Nifti1Pair(np.zeros((5, 6, 7), np.uint8), np.eye(4)).to_filename(tmp_path / "a.hdr")
    assert "half of a .hdr/.img pair" in refusal(read_volume, tmp_path / "a.hdr")


def test_folders(tmp_path):
    folder = tmp_path / "scan"
    (folder / "series").mkdir(parents=True)
    assert "is a folder" in refusal(read_volume, folder)
    (folder / "series" / "IM0001").write_bytes(bytes(128) + b"DICM" + bytes(64))
    assert "dcm2niix" in refusal(read_volume, folder)
    assert "dcm2niix" in refusal(read_volume, folder / "series" / "IM0001")


def test_no_permission_to_read(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    path = scan(tmp_path / "a.nii")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "no permission" in refusal(read_volume, path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"space": "scanner-xyz"}, "'scanner-xyz'"),
        ({"space": None, "space directions": None}, "no space directions"),
        ({"space directions": np.diag([1.0, 1.0, 0.0])}, "cannot be inverted"),
    ],
)
def test_nrrd_without_a_known_place_in_space(tmp_path, changes, words):
    header = {"space": "RAS", "space directions": np.eye(3), "space origin": np.zeros(3)}
    header = {key: value for key, value in (header | changes).items() if value is not None}
    if "space" not in header:
        del header["space origin"]
    path = tmp_path / "a.nrrd"
    nrrd.write(str(path), np.zeros((5, 6, 7), np.uint8), header)
    assert words in refusal(read_volume, path)


def test_the_same_checks_hold_for_images_in_memory():
    with pytest.raises(UserError, match="colour"):
        as_volume(nibabel.Nifti1Image(np.zeros((5, 6, 7), RGB), np.eye(4)))
    with pytest.raises(UserError, match="4 axes"):
        as_volume(Volume(np.zeros((5, 6, 7, 2)), np.eye(4)))
    with pytest.raises(UserError, match="NaN"):
        as_volume(Volume(np.full((5, 6, 7), np.nan), np.eye(4)))


def test_an_unknown_ending_is_not_written(tmp_path):
    volume = Volume(np.zeros((5, 6, 7), np.uint8), np.eye(4))
    for name in ("a.mha", "a.png", "a"):
        assert "unknown ending" in refusal(lambda path: write_volume(path, volume), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path, monkeypatch):
    volume = Volume(np.zeros((5, 6, 7), np.uint8), np.eye(4))

    def write(path):
        write_volume(path, volume)

    refusal(write, tmp_path / "none" / "a.nii.gz")

    def fail(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    assert "No space left" in refusal(write, tmp_path / "a.nii.gz")
    assert not list(tmp_path.iterdir())
