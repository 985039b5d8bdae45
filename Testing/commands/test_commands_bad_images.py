"""Every image that cannot be used ends in one sentence, code 2, and nothing written."""

import gzip
import struct

import nibabel
import numpy as np
import pytest

SHAPE = (16, 18, 14)


def nifti(data, affine=None):
    image = nibabel.Nifti1Image(data, np.eye(4) if affine is None else affine)
    return gzip.compress(image.to_bytes())


def rgb():
    colours = np.zeros(SHAPE, dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    return nifti(colours)


def with_nan():
    data = np.ones(SHAPE, np.float32)
    data[3, 4, 5] = np.nan
    return nifti(data)


def with_flat_affine():
    content = bytearray(gzip.decompress(nifti(np.ones(SHAPE, np.float32))))
    # The third row of the sform, srow_z, lies at byte 312.
    content[312:328] = struct.pack("<4f", 0, 0, 0, 0)
    content[252:256] = struct.pack("<2h", 0, 1)
    return gzip.compress(bytes(content))


BAD = {
    "text": (lambda: b"not an image", "not an image"),
    "empty": (lambda: b"", ""),
    "truncated": (lambda: nifti(np.random.default_rng(0).random(SHAPE))[:2000], "gzip"),
    "4d": (lambda: nifti(np.ones((*SHAPE, 3), np.float32)), "4 axes"),
    "rgb": (rgb, "RGB"),
    "slice": (lambda: nifti(np.ones((16, 18, 1), np.float32)), "shape"),
    "nan": (with_nan, "NaN"),
    "flat": (with_flat_affine, "affine"),
}


@pytest.fixture(params=BAD)
def bad(request, tmp_path):
    """A file that cannot be used, and a word of what is wrong with it."""
    content, word = BAD[request.param]
    path = tmp_path / f"{request.param}.nii.gz"
    path.write_bytes(content())
    return path, word


def test_segment_refuses_it(partialseg, model, bad, tmp_path):
    path, word = bad
    result = partialseg("segment", path, "-o", tmp_path / "out" / "o.nii.gz", "--model", model)
    assert result.code == 2
    assert str(path) in result.sentence and word in result.sentence
    assert not result.out
    assert not (tmp_path / "out").exists()


def test_import_refuses_it(partialseg, pairs, bad, tmp_path):
    path, word = bad
    images = tmp_path / "images"
    images.mkdir()
    path.rename(images / "0.nii.gz")
    labels = pairs / "labels" / "0*"
    words = ("--images", images, "--labels", labels, "--scheme", "brainstem")
    result = partialseg("import", *words, "--output", tmp_path / "dataset")
    assert result.code == 2
    assert str(images / "0.nii.gz") in result.sentence and word in result.sentence
    assert [entry.name for entry in tmp_path.iterdir()] == ["images"]


def test_evaluate_refuses_it(partialseg, pairs, bad, tmp_path):
    path, word = bad
    truth = pairs / "labels" / "0.nii.gz"
    words = (path, truth, "--scheme", "brainstem", "--csv", tmp_path / "s.csv")
    result = partialseg("evaluate", *words)
    assert result.code == 2
    assert str(path) in result.sentence and word in result.sentence
    assert not (tmp_path / "s.csv").exists()
