"""A file lies where its scan lies, in every program, whatever the header says twice or never."""

import struct

import nibabel
import numpy as np
import pytest

from oriented_grids import affine_of, tilted
from partialseg_trainer.errors import UserError
from partialseg_trainer.volumes import (
    Grid,
    Volume,
    as_volume,
    read_labelmap,
    read_volume,
    to_nibabel,
    write_volume,
)
from seen import by_itk, by_nibabel, draw_with_itk

SHAPE = (12, 14, 10)
ONE = affine_of(tilted((5, 0, 12)), 2.0, (3, -7, 11))
OTHER = affine_of(tilted((0, 9, -4)), 2.0, (13, -7, 11))
SHEARED = ONE @ np.array([[1, 0.3, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
FORMS = {
    "no form at all": (None, 0, None, 0),
    "they differ, sform of the scanner": (ONE, 1, OTHER, 1),
    "they differ, sform of an atlas": (ONE, 4, OTHER, 1),
    "sform alone": (ONE, 2, None, 0),
    "qform alone": (None, 0, ONE, 1),
    "half a turn": (None, 0, affine_of(tilted((0.02, 0, 180)), 2.0, (9, 9, 9)), 1),
    "sheared sform, straight qform": (SHEARED, 2, ONE, 1),
}


def scan(path, sform, sform_code, qform, qform_code, unit="mm", size=2.0):
    image = nibabel.Nifti1Image(np.random.default_rng(0).random(SHAPE, np.float32), None)
    image.header.set_zooms((size,) * 3)
    image.set_sform(sform, sform_code)
    image.set_qform(qform, qform_code)
    image.header.set_xyzt_units(unit)
    image.to_filename(path)
    return path


@pytest.mark.parametrize("forms", FORMS.values(), ids=FORMS)
def test_what_is_written_of_a_scan_lies_on_it_in_every_program(tmp_path, forms):
    path = scan(tmp_path / "scan.nii.gz", *forms)
    labels = read_volume(path).with_data(np.ones(SHAPE, np.uint8))
    for name in ("labels.nii.gz", "labels.nrrd"):
        write_volume(tmp_path / name, labels)
        assert np.allclose(by_itk(tmp_path / name), by_itk(path), atol=1e-4)
        assert read_labelmap(tmp_path / name).grid.mismatch(labels.grid) is None
    assert np.array_equal(by_nibabel(tmp_path / "labels.nii.gz"), by_nibabel(path))
    before, after = (
        nibabel.load(tmp_path / name).header for name in ("scan.nii.gz", "labels.nii.gz")
    )
    for field in ("qform_code", "sform_code", "pixdim", "xyzt_units", "srow_x", "quatern_b"):
        assert np.array_equal(before[field], after[field])


@pytest.mark.parametrize("forms", FORMS.values(), ids=FORMS)
def test_labels_fit_that_were_drawn_where_either_program_sees_the_scan(tmp_path, forms):
    path = scan(tmp_path / "scan.nii", *forms)
    draw_with_itk(path, tmp_path / "itk.nii", np.zeros(SHAPE, np.uint8))
    drawn = nibabel.Nifti1Image(np.zeros(SHAPE, np.uint8), by_nibabel(path))
    drawn.to_filename(tmp_path / "nibabel.nii")
    elsewhere = affine_of(tilted((5, 0, 12)), 2.0, (43, 33, 51))
    nibabel.Nifti1Image(np.zeros(SHAPE, np.uint8), elsewhere).to_filename(tmp_path / "off.nii")
    grid = read_volume(path).grid
    for name in ("itk.nii", "nibabel.nii"):
        assert read_labelmap(tmp_path / name).grid.mismatch(grid) is None
        assert grid.mismatch(read_labelmap(tmp_path / name).grid) is None
    assert read_labelmap(tmp_path / "off.nii").grid.mismatch(grid) is not None


@pytest.mark.parametrize(
    ("field", "value", "sform_code"),
    [("qform_code", 9, 0), ("sform_code", 70, 0), ("qform_code", -1, 2), ("pixdim", -2.0, 2)],
)
def test_what_nibabel_mends_in_a_header_stays_as_other_programs_read_it(
    tmp_path, field, value, sform_code, capfd
):
    path = scan(tmp_path / "a.nii", ONE, sform_code, ONE, 1)
    content = bytearray(path.read_bytes())
    header = np.frombuffer(content, nibabel.nifti1.header_dtype, 1)
    header[field][(0, 1) if field == "pixdim" else 0] = value
    path.write_bytes(content)
    draw_with_itk(path, tmp_path / "itk.nii", np.zeros(SHAPE, np.uint8))
    capfd.readouterr()
    assert read_labelmap(tmp_path / "itk.nii").grid.mismatch(read_volume(path).grid) is None
    write_volume(tmp_path / "b.nii", read_volume(path))
    assert capfd.readouterr() == ("", "")
    assert np.array_equal(by_itk(tmp_path / "b.nii"), by_itk(path))
    assert np.array_equal(by_nibabel(tmp_path / "b.nii"), by_nibabel(path))


@pytest.mark.parametrize(
    ("forms", "words"),
    [
        (FORMS["no form at all"], "left and right"),
        (FORMS["they differ, sform of an atlas"], "mm apart"),
        (FORMS["sheared sform, straight qform"], "mm apart"),
        ((SHEARED, 1, None, 0), "sheared by 17 degrees"),
    ],
)
def test_a_sentence_says_where_programs_disagree(tmp_path, forms, words):
    assert words in read_volume(scan(tmp_path / "a.nii", *forms)).grid.doubt()


@pytest.mark.parametrize(
    "name", ["they differ, sform of the scanner", "sform alone", "half a turn"]
)
def test_nothing_is_said_where_nibabel_and_itk_agree(tmp_path, name):
    assert read_volume(scan(tmp_path / "a.nii", *FORMS[name])).grid.doubt() is None


@pytest.mark.parametrize(("unit", "factor"), [("micron", 1000), ("meter", 1 / 1000)])
def test_other_units_than_mm_are_converted(tmp_path, unit, factor):
    large = np.diag([factor, factor, factor, 1]) @ ONE
    path = scan(tmp_path / "a.nii.gz", large, 1, large, 1, unit, 2 * factor)
    volume = read_volume(path)
    assert np.allclose(volume.affine, by_itk(path), atol=1e-4)
    assert np.allclose(volume.spacing, 2)
    write_volume(tmp_path / "b.nii.gz", volume)
    assert np.allclose(by_itk(tmp_path / "b.nii.gz"), by_itk(path), atol=1e-4)
    assert np.allclose(by_nibabel(tmp_path / "b.nii.gz"), by_nibabel(path))
    # An image in memory has its unit in its header too.
    assert read_volume(tmp_path / "b.nii.gz").grid == volume.grid
    assert np.allclose(read_labelmap(to_nibabel(volume.with_data(volume.data > 2))).spacing, 2)


@pytest.mark.parametrize("size", [0.002, 2000])
def test_voxels_that_no_head_has_are_refused(tmp_path, size):
    affine = np.diag([size, size, size, 1])
    with pytest.raises(UserError, match="xyzt_units"):
        read_volume(scan(tmp_path / "a.nii", affine, 1, affine, 1, size=size))


@pytest.mark.parametrize("excess", [4e-7, 2e-6, -9e-8])
def test_a_quaternion_that_rounding_made_too_long_is_a_half_turn(tmp_path, excess):
    content = bytearray(scan(tmp_path / "a.nii", None, 0, ONE, 1).read_bytes())
    parts = np.array([0.6, 0.8, 0]) * np.sqrt(1 + excess)
    content[256:268] = struct.pack("<3f", *parts)
    (tmp_path / "a.nii").write_bytes(content)
    volume = read_volume(tmp_path / "a.nii")
    assert np.allclose(volume.affine, by_itk(tmp_path / "a.nii"), atol=1e-3)
    write_volume(tmp_path / "b.nii", volume)
    assert np.array_equal(by_itk(tmp_path / "b.nii"), by_itk(tmp_path / "a.nii"))


def test_a_quaternion_that_is_no_rotation_is_damage(tmp_path):
    content = bytearray(scan(tmp_path / "a.nii", None, 0, ONE, 1).read_bytes())
    content[256:268] = struct.pack("<3f", 2, 2, 0)
    (tmp_path / "a.nii").write_bytes(content)
    with pytest.raises(UserError, match="quaternion has the length"):
        read_volume(tmp_path / "a.nii")


def test_beside_an_sform_such_a_quaternion_is_told_and_the_result_lies_on_the_scan(tmp_path):
    content = bytearray(scan(tmp_path / "a.nii", ONE, 2, ONE, 1).read_bytes())
    content[256:268] = struct.pack("<3f", 2, 2, 0)
    (tmp_path / "a.nii").write_bytes(content)
    volume = read_volume(tmp_path / "a.nii")
    assert np.allclose(volume.affine, ONE, atol=1e-5)
    assert "disagree" in volume.grid.doubt()
    write_volume(tmp_path / "b.nii", volume)
    for seen in (by_itk, by_nibabel):
        assert np.array_equal(seen(tmp_path / "b.nii"), seen(tmp_path / "a.nii"))


def test_how_far_labels_may_lie_off_is_measured_in_voxels():
    for size in (0.05, 0.5, 5.0):
        grid = Grid(SHAPE, affine_of(np.eye(3), size))
        near, far = (
            Grid(SHAPE, affine_of(np.eye(3), size, (part * size, 0, 0))) for part in (0.15, 0.5)
        )
        assert near.mismatch(grid) is None
        assert far.mismatch(grid) is not None


def test_a_changed_affine_of_an_image_in_memory_counts(tmp_path):
    image = nibabel.load(scan(tmp_path / "a.nii", *FORMS["they differ, sform of an atlas"]))
    moved = nibabel.Nifti1Image(image.dataobj, OTHER)
    assert np.array_equal(read_labelmap(to_nibabel(Volume(np.ones(SHAPE), OTHER))).affine, OTHER)
    assert np.allclose(as_volume(moved).affine, OTHER)
