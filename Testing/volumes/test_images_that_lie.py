"""An image is held to what it declares before memory is taken, and has its voxels in its folder."""

import bz2
import gzip
import os
import struct
import tracemalloc
from contextlib import contextmanager

import nibabel
import nrrd
import numpy as np
import pytest

from partialseg_trainer.errors import UserError
from partialseg_trainer.limits import GRID, IMAGE_GB
from partialseg_trainer.volumes import (
    Volume,
    as_volume,
    canonical_grid,
    read_labelmap,
    read_volume,
    write_volume,
)

MEGABYTE = 1 << 20


@contextmanager
def frugally():
    """Far less memory is taken than any of the images below declares."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 20 * MEGABYTE
    finally:
        tracemalloc.stop()


def refusal(path, read=read_volume):
    with frugally(), pytest.raises(UserError) as caught:
        read(path)
    message = str(caught.value)
    assert str(path) in message and message.endswith(".") and "\n" not in message
    return message


def nifti(shape, dtype=np.uint8, size=5000):
    """A header that declares this shape, and fewer voxels."""
    header = nibabel.Nifti1Header()
    header.set_data_dtype(dtype)
    header.set_data_shape(shape)
    header["magic"], header["vox_offset"] = b"n+1", 352
    header.set_sform(np.eye(4), code=1)
    return header.binaryblock + bytes(4 + size)


def nrrd_header(*lines, sizes="5 6 7", encoding="raw"):
    fields = ("type: uint8", "dimension: 3", f"sizes: {sizes}", f"encoding: {encoding}")
    space = ("space: RAS", "space directions: (1,0,0) (0,1,0) (0,0,1)", "space origin: (0,0,0)")
    return "\n".join(["NRRD0005", *fields, *space, *lines, "", ""]).encode()


@pytest.mark.parametrize("shape", [(2000, 2000, 1500), (32000, 32000, 32000)])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_header_that_declares_more_than_there_is(tmp_path, shape, pack):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(pack(nifti(shape)))
    assert "header declares" in refusal(path)


def test_gzip_that_unpacks_to_far_more_than_its_image(tmp_path):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(nifti((5, 6, 7), size=300 * MEGABYTE), 1))
    assert "far more than" in refusal(path)


def test_an_image_larger_than_the_limit_says_which_and_how_to_raise_it(tmp_path, monkeypatch):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(nifti((300, 300, 300), size=27_000_000), 1))
    monkeypatch.setenv(IMAGE_GB.variable, "0.01")
    message = refusal(path)
    assert "0.027 GB, where at most 0.01 are taken" in message and IMAGE_GB.variable in message


def test_a_limit_that_is_raised_lets_the_image_in(tmp_path, monkeypatch):
    path = tmp_path / "a.nii.gz"
    write_volume(path, Volume(np.zeros((20, 20, 20), np.uint8), np.eye(4)))
    monkeypatch.setenv(IMAGE_GB.variable, "1e-6")
    refusal(path)
    monkeypatch.setenv(IMAGE_GB.variable, "1")
    assert read_volume(path).data.shape == (20, 20, 20)
    monkeypatch.setenv(IMAGE_GB.variable, "plenty")
    with pytest.raises(UserError, match=f"{IMAGE_GB.variable} is 'plenty'"):
        read_volume(path)


def test_values_that_are_scaled_count_as_they_are_in_memory(tmp_path, monkeypatch):
    image = nibabel.Nifti1Image(np.zeros((50, 50, 50), np.uint8), np.eye(4))
    image.header.set_slope_inter(2, 1)
    image.to_filename(tmp_path / "a.nii.gz")
    monkeypatch.setenv(IMAGE_GB.variable, "0.0005")
    refusal(tmp_path / "a.nii.gz", read_labelmap)


def test_an_image_in_memory_is_held_to_the_same_limit(tmp_path, monkeypatch):
    (tmp_path / "a.nii").write_bytes(nifti((5, 6, 7), size=210))
    image = nibabel.load(tmp_path / "a.nii")
    monkeypatch.setenv(IMAGE_GB.variable, "1e-9")
    with pytest.raises(UserError, match=IMAGE_GB.variable):
        as_volume(image)


@pytest.mark.parametrize(
    ("sizes", "encoding", "content"),
    [
        ("2000 2000 900", "raw", bytes(210)),
        ("2000 2000 900", "gzip", gzip.compress(bytes(210), mtime=0)),
        ("2000 2000 900", "bzip2", bz2.compress(bytes(210))),
        ("5 6 7", "gzip", gzip.compress(bytes(300 * MEGABYTE), 1, mtime=0)),
        ("5 6 -7", "raw", bytes(210)),
        ("4294967296 4294967296 1", "raw", bytes(210)),
        (f"5 6 {'7' * 5000}", "raw", bytes(210)),
    ],
)
def test_a_nrrd_that_declares_what_is_not_there(tmp_path, sizes, encoding, content):
    path = tmp_path / "a.nrrd"
    path.write_bytes(nrrd_header(sizes=sizes, encoding=encoding) + content)
    if sizes != "5 6 7":
        refusal(path)
        return
    with frugally():
        assert read_volume(path).data.shape == (5, 6, 7)


def test_a_detached_nrrd_reads_the_file_beside_it(tmp_path):
    voxels = np.arange(210, dtype=np.uint8)
    (tmp_path / "a.raw").write_bytes(b"some text\nmore\n\n" + voxels.tobytes())
    for name in ("a.raw", "./a.raw"):
        (tmp_path / "a.nhdr").write_bytes(nrrd_header(f"data file: {name}", "line skip: 3"))
        found = read_volume(tmp_path / "a.nhdr").data
        assert np.array_equal(found, voxels.reshape(5, 6, 7, order="F"))


@pytest.mark.parametrize("field", ["data file", "datafile"])
@pytest.mark.parametrize(
    "name", ["{away}/secret", "../secret", "sub/secret", "link", "..", "C:secret", "..\\secret"]
)
def test_a_detached_nrrd_reads_no_file_elsewhere(tmp_path, field, name):
    (tmp_path / "secret").write_bytes(bytes(210))
    folder = tmp_path / "scans"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "secret").write_bytes(bytes(210))
    os.symlink(tmp_path / "secret", folder / "link")
    path = folder / "a.nhdr"
    path.write_bytes(nrrd_header(f"{field}: {name.format(away=tmp_path)}"))
    assert "has its voxels elsewhere" in refusal(path)


@pytest.mark.parametrize("lines", ["-1", "4", "1000000000000", "9" * 5000])
def test_lines_to_skip_are_those_that_are_there(tmp_path, lines):
    (tmp_path / "a.nrrd").write_bytes(nrrd_header(f"line skip: {lines}") + b"\n\n\n" + bytes(210))
    refusal(tmp_path / "a.nrrd")


@pytest.mark.parametrize(
    "lines",
    [
        ("space directions: (1,0) (0,1) (0,0)",),
        ("space directions: (1,0,0) (0,1) (0,0,1)",),
        ("space directions: (1,0,0) (0,1,0)",),
        ("space directions: none none none",),
        ("space directions: (1,0,0) (0,1,0) (0,0,1e999)",),
        ("space directions: x",),
        ("space directions: (1,0,0) (0,1,0) (0,0,1)", "space origin: (0,0)"),
        ("space directions: (1,0,0) (0,1,0) (0,0,1)", "space origin: none"),
    ],
)
def test_directions_and_origins_that_are_none(tmp_path, lines):
    header = nrrd_header().split(b"\n")
    kept = [line for line in header if b"directions" not in line and b"origin" not in line]
    text = b"\n".join([*kept[:-2], *(line.encode() for line in lines), b"", b""])
    (tmp_path / "a.nrrd").write_bytes(text + bytes(210))
    refusal(tmp_path / "a.nrrd")


def test_a_nrrd_within_gzip_is_read(tmp_path):
    nrrd.write(
        str(tmp_path / "a.nrrd"),
        np.ones((5, 6, 7), np.uint8),
        {"space": "RAS", "space directions": np.eye(3), "space origin": np.zeros(3)},
    )
    packed = tmp_path / "a.nrrd.gz"
    packed.write_bytes(gzip.compress((tmp_path / "a.nrrd").read_bytes()))
    assert read_volume(packed).data.min() == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_pipes_and_devices_are_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.nii.gz")
    assert "is a pipe" in refusal(tmp_path / "pipe.nii.gz")
    assert "is a device" in refusal("/dev/zero")
    os.symlink("/dev/zero", tmp_path / "a.raw")
    (tmp_path / "a.nhdr").write_bytes(nrrd_header("data file: a.raw"))
    refusal(tmp_path / "a.nhdr")


def test_a_file_larger_than_the_limit_is_not_read(tmp_path):
    path = tmp_path / "a.nii"
    path.write_bytes(nifti((5, 6, 7)))
    os.truncate(path, 50 * 10**9)  # Sparse: nothing of it is on the disk.
    assert IMAGE_GB.variable in refusal(path)


@pytest.mark.parametrize("edge", [1e3, 1e6, 1e30])
def test_voxels_of_a_metre_are_refused_by_name(edge):
    grid = Volume(np.zeros((100, 100, 100), np.uint8), np.diag([edge, edge, edge, 1])).grid
    with pytest.raises(UserError, match=rf"scan\.nii, whose voxels measure .*{GRID.variable}"):
        canonical_grid(grid, 1.2, "scan.nii")


def test_affines_beyond_numbers_are_refused(tmp_path):
    content = bytearray(nifti((5, 6, 7)))
    content[280:296] = struct.pack("<4f", 3e38, 3e38, 3e38, 0)
    (tmp_path / "a.nii").write_bytes(content)
    refusal(tmp_path / "a.nii")
