"""FreeSurfer's and ITK's files are read where their own programs see them, or refused in words."""

import gzip
import os
import struct

import nibabel
import numpy as np
import pytest
import SimpleITK

from partialseg_trainer.errors import UserError
from partialseg_trainer.limits import IMAGE_GB
from partialseg_trainer.volumes import find_volumes, read_labelmap, read_volume
from seen import by_itk

VALUES = np.random.default_rng(0).integers(0, 200, (5, 6, 7))
OBLIQUE = np.array(
    [[-1.6, 0.3, 0.2, 11.0], [0.4, 1.1, -0.5, -7.0], [0.2, 0.3, 2.0, 3.0], [0, 0, 0, 1]]
)


def metaimage(path, dtype=np.int16, packed=True):
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(VALUES.T.astype(dtype)))
    image.SetSpacing((0.7, 0.8, 2.5))
    image.SetOrigin((5, -6, 7))
    image.SetDirection(SimpleITK.VersorTransform((0, 0.6, 0.8), 0.4).GetMatrix())
    SimpleITK.WriteImage(image, str(path), useCompression=packed)
    return path


def mgh(dtype=np.int16):
    return nibabel.MGHImage(VALUES.astype(dtype), OBLIQUE).to_bytes()


def refusal(path, read=read_volume):
    with pytest.raises(UserError) as caught:
        read(path)
    message = str(caught.value)
    assert str(path) in message and message.endswith(".") and "\n" not in message
    return message


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint32, np.float32, np.float64])
@pytest.mark.parametrize("ending", [".mha", ".mhd"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_metaimage_lies_where_itk_sees_it(tmp_path, dtype, ending, packed):
    path = metaimage(tmp_path / f"a{ending}", dtype, packed)
    volume = read_volume(path)
    assert np.array_equal(volume.data, VALUES) and volume.data.flags.writeable
    assert np.allclose(volume.affine, by_itk(path))
    assert find_volumes(tmp_path) == [path]


def test_a_big_endian_metaimage_of_several_channels_is_refused_for_its_axes(tmp_path):
    path = tmp_path / "a.mha"
    head = b"ObjectType = Image\nNDims = 3\nElementByteOrderMSB = True\nElementSpacing = 1 1 1\n"
    place = b"TransformMatrix = 1 0 0 0 1 0 0 0 1\nDimSize = 5 6 7\nElementType = MET_SHORT\n"
    voxels = VALUES.astype(">i2").tobytes(order="F")
    path.write_bytes(head + place + b"ElementDataFile = LOCAL\n" + voxels)
    assert np.array_equal(read_volume(path).data, VALUES)
    assert np.allclose(read_volume(path).affine, by_itk(path))
    channels = b"ElementNumberOfChannels = 2\nElementDataFile = LOCAL\n"
    path.write_bytes(head + place + channels + 2 * voxels)
    assert "4 axes" in refusal(path)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32])
@pytest.mark.parametrize("ending", [".mgh", ".mgz"])
def test_freesurfers_files_are_read(tmp_path, dtype, ending):
    path = tmp_path / f"a{ending}"
    # What FreeSurfer writes behind the voxels is passed over.
    content = mgh(dtype) + b"\0\0\0\x03" + b"mri_convert patient.dcm"
    path.write_bytes(gzip.compress(content) if ending == ".mgz" else content)
    volume = read_volume(path)
    assert np.array_equal(volume.data, VALUES)
    assert np.allclose(volume.affine, OBLIQUE, atol=1e-5)
    assert read_labelmap(path).data.dtype == np.uint8
    assert find_volumes(tmp_path) == [path]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("place", "field", "words"),
    [
        (4, struct.pack(">i", 2_000_000), "header declares"),
        (4, struct.pack(">i", -5), "header declares the shape"),
        (4, struct.pack(">4i", *[2**31 - 1] * 4), "header declares"),
        (20, struct.pack(">i", 77), "is not an image"),
        (28, struct.pack(">h", 0), "orientation is lost"),
        (30, struct.pack(">3f", np.nan, 1, 1), "cannot be inverted"),
    ],
)
def test_an_mgh_header_that_lies(tmp_path, pack, place, field, words):
    content = bytearray(mgh())
    content[place : place + len(field)] = field
    (tmp_path / "a.mgz").write_bytes(pack(bytes(content)))
    assert words in refusal(tmp_path / "a.mgz")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("DimSize = 5 6 7", "DimSize = 5 6 70000", "header declares"),
        ("DimSize = 5 6 7", "DimSize = 2000 2000 900", IMAGE_GB.variable),
        ("DimSize = 5 6 7", "DimSize = 5 6", "damaged"),
        ("DimSize = 5 6 7", "DimSize = 5 -6 7", "damaged"),
        ("DimSize = 5 6 7", f"DimSize = 5 6 {'9' * 5000}", "damaged"),
        ("DimSize = 5 6 7", "DimSize = 5 6 inf", "damaged"),
        ("NDims = 3", f"NDims = {'9' * 5000}", "damaged"),
        ("NDims = 3", "NDims = 2", "damaged"),
        ("ElementType = MET_SHORT", "ElementType = MET_STRING", "damaged"),
        ("TransformMatrix", "Matrix", "orientation is lost"),
        ("ElementSpacing = ", "ElementSpacing = x ", "damaged"),
        ("BinaryData = True", "BinaryData = False", "as text"),
        ("ElementDataFile = LOCAL", "ElementDataFile = LIST", "several files"),
        ("ElementDataFile = LOCAL", "ElementDataFile = slice%03d.raw 1 7 1", "several files"),
        ("ElementDataFile", "DataFile", "damaged"),
        ("CompressedData = False", "CompressedData = True", "damaged"),
    ],
)
def test_a_metaimage_header_that_lies(tmp_path, old, new, words):
    path = metaimage(tmp_path / "a.mha", packed=False)
    content = path.read_bytes()
    assert old.encode() in content
    path.write_bytes(content.replace(old.encode(), new.encode(), 1))
    assert words in refusal(path)


@pytest.mark.parametrize("name", ["{away}/secret", "../secret", "sub/secret", "link", "..", "C:x"])
def test_a_detached_metaimage_reads_no_file_elsewhere(tmp_path, name):
    folder = tmp_path / "scans"
    (folder / "sub").mkdir(parents=True)
    for place in (tmp_path, folder / "sub"):
        (place / "secret").write_bytes(bytes(420))
    os.symlink(tmp_path / "secret", folder / "link")
    path = metaimage(folder / "a.mhd", packed=False)
    told = path.read_text().replace("a.raw", name.format(away=tmp_path))
    path.write_text(told)
    assert "has its voxels elsewhere" in refusal(path)


def test_a_metaimage_cut_short(tmp_path):
    for packed in (False, True):
        path = metaimage(tmp_path / "a.mha", packed=packed)
        path.write_bytes(path.read_bytes()[:-40])
        assert "damaged" in refusal(path)
