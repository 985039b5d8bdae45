"""Volumes in files: what is written is read again, in every format, and names nobody."""

import gzip
import hashlib
import zlib

import nibabel
import nrrd
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oriented_grids import affine_of, grids, tilted
from partialseg_trainer.volumes import (
    Grid,
    Volume,
    as_volume,
    checksum,
    read_labelmap,
    read_multilabel,
    read_volume,
    to_nibabel,
    write_multilabel,
    write_volume,
)

ENDINGS = ["nii", "nii.gz", "nrrd"]


def values(shape, dtype=np.float32):
    return np.random.default_rng(0).integers(0, 200, shape).astype(dtype)


@given(grids(), st.sampled_from(ENDINGS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_grid_comes_back_as_it_was_written(tmp_path, grid, ending):
    volume = Volume(values(grid.shape), grid.affine)
    write_volume(tmp_path / f"a.{ending}", volume)
    again = read_volume(tmp_path / f"a.{ending}")
    assert np.array_equal(again.data, volume.data)
    assert again.data.dtype == np.float32
    # NIfTI-1 holds the affine in float32.
    assert grid.mismatch(again.grid, tolerance=1e-4) is None


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_affine_that_was_read_from_a_file_is_kept_to_the_last_bit(tmp_path, ending):
    affine = affine_of(tilted((10, 20, 30)), (0.5, 0.6, 3.3), (-90, 80.1, 7))
    volume = Volume(values((5, 6, 7)), affine.astype(np.float32))
    write_volume(tmp_path / f"a.{ending}", volume)
    assert read_volume(tmp_path / f"a.{ending}").grid == volume.grid
    assert np.array_equal(to_nibabel(volume).affine, volume.affine)


@pytest.mark.parametrize("ending", ENDINGS)
def test_equal_volumes_give_equal_files(tmp_path, ending):
    volume = Volume(values((5, 6, 7)), np.eye(4))
    for name in ("a", "b"):
        write_volume(tmp_path / f"{name}.{ending}", volume)
    assert checksum(tmp_path / f"a.{ending}") == checksum(tmp_path / f"b.{ending}")
    header = (tmp_path / f"a.{ending}").read_bytes()
    if ending == "nii.gz":
        assert header[4:8] == bytes(4)
    elif ending == "nrrd":
        assert b"#" not in header.partition(b"\n\n")[0]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16, np.int16, np.int32, np.int64])
def test_labelmaps_of_any_integer_type(tmp_path, ending, dtype):
    labels = values((5, 6, 7)).astype(dtype)
    write_volume(tmp_path / f"a.{ending}", Volume(labels, np.eye(4)))
    again = read_labelmap(tmp_path / f"a.{ending}").data
    assert again.dtype == np.uint8
    assert np.array_equal(again, labels)


def test_labels_above_255_are_uint16_and_whole_floats_are_labels(tmp_path):
    # As a scale factor leaves them.
    labels = np.full((5, 6, 7), -1e-8, np.float64)
    labels[1, 1, 1] = 14175
    write_volume(tmp_path / "a.nii", Volume(labels, np.eye(4)))
    again = read_labelmap(tmp_path / "a.nii").data
    assert again.dtype == np.uint16 and again[1, 1, 1] == 14175


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("channels", [1, 4])
def test_tensors_keep_their_channels_last(tmp_path, ending, channels):
    tensor = np.random.default_rng(1).integers(0, 3, (5, 6, 7, channels)).astype(np.uint8)
    write_volume(tmp_path / f"a.{ending}", Volume(tensor, np.eye(4)))
    again = read_multilabel(tmp_path / f"a.{ending}").data
    assert again.dtype == np.uint8
    assert np.array_equal(again, tensor)


def test_a_trailing_axis_of_one_is_dropped_where_3d_is_wanted(tmp_path):
    data = values((5, 6, 7, 1))
    nibabel.Nifti1Image(data, np.eye(4)).to_filename(tmp_path / "a.nii.gz")
    assert np.array_equal(read_volume(tmp_path / "a.nii.gz").data, data[..., 0])
    assert read_labelmap(tmp_path / "a.nii.gz").data.shape == (5, 6, 7)


def test_channels_on_the_fifth_axis_as_itk_writes_them(tmp_path):
    data = np.ones((5, 6, 7, 1, 2), np.uint8)
    nibabel.Nifti1Image(data, np.eye(4)).to_filename(tmp_path / "a.nii.gz")
    assert read_multilabel(tmp_path / "a.nii.gz").data.shape == (5, 6, 7, 2)


def test_the_content_counts_not_the_name(tmp_path):
    volume = Volume(values((5, 6, 7)), np.eye(4))
    write_volume(tmp_path / "a.nii.gz", volume)
    content = (tmp_path / "a.nii.gz").read_bytes()
    (tmp_path / "zipped.nii").write_bytes(content)
    (tmp_path / "plain.nii.gz").write_bytes(gzip.decompress(content))
    for name in ("zipped.nii", "plain.nii.gz"):
        assert np.array_equal(read_volume(tmp_path / name).data, volume.data)


@pytest.mark.parametrize("image_class", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("endianness", ["<", ">"])
def test_both_versions_and_both_byte_orders_of_nifti(tmp_path, image_class, endianness):
    data = values((5, 6, 7), np.int16)
    header = image_class.header_class(endianness=endianness)
    header.set_data_dtype(np.int16)
    image_class(data, np.eye(4), header).to_filename(tmp_path / "a.nii")
    assert np.array_equal(read_volume(tmp_path / "a.nii").data, data)
    assert np.array_equal(read_labelmap(tmp_path / "a.nii").data, data)


def test_scale_factors_of_the_header_are_applied(tmp_path):
    image = nibabel.Nifti1Image(np.linspace(-2, 9, 210).reshape(5, 6, 7), np.eye(4))
    image.set_data_dtype(np.int16)
    image.to_filename(tmp_path / "a.nii.gz")
    result = read_volume(tmp_path / "a.nii.gz").data
    assert np.allclose(result, image.get_fdata(), atol=1e-3)


def test_labels_stored_with_a_scale_factor_are_still_whole(tmp_path):
    labels = values((5, 6, 7)).astype(np.float64) % 9
    image = nibabel.Nifti1Image(labels, np.eye(4))
    image.set_data_dtype(np.int16)
    image.to_filename(tmp_path / "a.nii.gz")
    assert np.array_equal(read_labelmap(tmp_path / "a.nii.gz").data, labels)


@pytest.mark.parametrize("codes", [(0, 1), (1, 0), (1, 1), (0, 0)])
def test_sform_and_qform_are_honoured_as_nibabel_does(tmp_path, codes):
    image = nibabel.Nifti1Image(values((5, 6, 7)), np.eye(4))
    image.set_sform(affine_of(tilted((5, 0, 0)), 2.0), code=codes[0])
    image.set_qform(affine_of(tilted((0, 9, 0)), 2.0, (1, 2, 3)), code=codes[1])
    image.to_filename(tmp_path / "a.nii")
    expected = nibabel.load(tmp_path / "a.nii").affine
    assert np.array_equal(read_volume(tmp_path / "a.nii").affine, expected)


def test_sform_and_qform_of_what_is_written_agree_and_a_sheared_one_is_in_the_sform():
    straight = to_nibabel(Volume(values((5, 6, 7)), affine_of(tilted((5, 9, 2)), 2.0)))
    assert np.allclose(straight.get_qform(), straight.get_sform(), atol=1e-3)
    assert straight.header["qform_code"] == straight.header["sform_code"] == 1
    sheared = np.eye(4)
    sheared[0, 1] = 0.3
    header = to_nibabel(Volume(values((5, 6, 7)), sheared)).header
    assert header["qform_code"] == 0 and np.allclose(header.get_sform(), sheared)


@pytest.mark.parametrize(
    ("space", "signs"),
    [
        ("left-posterior-superior", (-1, -1, 1)),
        ("LPS", (-1, -1, 1)),
        ("right-anterior-superior", (1, 1, 1)),
        ("RAS", (1, 1, 1)),
        ("left-anterior-superior", (-1, 1, 1)),
        ("LAS", (-1, 1, 1)),
    ],
)
def test_every_space_of_nrrd_becomes_ras(tmp_path, space, signs):
    affine = affine_of(tilted((10, 20, 30)), (1, 2, 3), (4, 5, 6))
    header = {
        "space": space,
        "space directions": affine[:3, :3].T,
        "space origin": affine[:3, 3],
    }
    nrrd.write(str(tmp_path / "a.nrrd"), values((5, 6, 7)), header)
    expected = np.diag([*signs, 1]) @ affine
    assert np.allclose(read_volume(tmp_path / "a.nrrd").affine, expected)


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2", "ascii"])
def test_every_encoding_of_nrrd_and_detached_headers(tmp_path, encoding):
    data = values((5, 6, 7), np.int16)
    header = {"space": "RAS", "space directions": np.eye(3), "encoding": encoding}
    for name in ("a.nrrd", "a.nhdr"):
        nrrd.write(str(tmp_path / name), data, dict(header))
        assert np.array_equal(read_labelmap(tmp_path / name).data, data)


def test_the_list_axis_of_nrrd_is_put_last_wherever_it_was(tmp_path):
    data = np.random.default_rng(1).integers(0, 3, (2, 5, 6, 7)).astype(np.uint8)
    header = {
        "space": "RAS",
        "space directions": np.vstack([np.full((1, 3), np.nan), np.eye(3)]),
        "kinds": ["list", "domain", "domain", "domain"],
    }
    nrrd.write(str(tmp_path / "a.nrrd"), data, header)
    assert np.array_equal(read_multilabel(tmp_path / "a.nrrd").data, np.moveaxis(data, 0, -1))


def test_the_header_of_an_input_does_not_reach_the_output(tmp_path):
    image = nibabel.Nifti1Image(values((5, 6, 7)), np.eye(4))
    image.header["descrip"] = b"DOE^JANE"
    image.header["db_name"] = b"DOE^JANE"
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"DOE^JANE"))
    image.to_filename(tmp_path / "in.nii")
    write_volume(tmp_path / "out.nii", read_volume(tmp_path / "in.nii"))
    assert b"JANE" in (tmp_path / "in.nii").read_bytes()
    assert b"JANE" not in (tmp_path / "out.nii").read_bytes()


def test_as_volume_takes_paths_images_and_volumes(tmp_path):
    volume = Volume(values((5, 6, 7), np.int16), np.diag([2, 2, 2, 1]))
    write_volume(tmp_path / "a.nii.gz", volume)
    path = tmp_path / "a.nii.gz"
    for source in (path, str(path), nibabel.load(path), to_nibabel(volume), volume):
        result = as_volume(source)
        assert result.data.dtype == np.float32
        assert np.array_equal(result.data, volume.data)
        assert result.grid == volume.grid


def test_checksum_is_that_of_the_file(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert checksum(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


def test_integers_that_no_file_format_here_holds_are_refused():
    with pytest.raises(ValueError, match="int32"):
        to_nibabel(Volume(np.full((2, 2, 2), 2**40), np.eye(4)))


def test_the_real_atlas_is_read_as_it_is_described(atlas):
    folder = atlas / "GA30_operated"
    image = read_volume(folder / "T2w.nii.gz")
    labels = read_labelmap(folder / "parcellation.nii.gz")
    assert image.data.shape == (135, 189, 155)
    assert image.spacing == pytest.approx([0.8, 0.8, 0.8], abs=1e-4)
    assert set(np.unique(labels.data)) == set(range(9))
    assert image.grid.mismatch(labels.grid) is None


def test_channels_written_one_by_one_make_the_file_that_their_tensor_makes(tmp_path):
    tensor = values((5, 6, 7, 3)).astype(np.uint8) % 3
    affine = np.diag([-0.5, 0.6, 0.7, 1.0])
    for ending in ("nii", "nii.gz"):
        whole, parts = tmp_path / f"whole.{ending}", tmp_path / f"parts.{ending}"
        write_volume(whole, Volume(tensor, affine))
        write_multilabel(parts, np.moveaxis(tensor, -1, 0), 3, Grid((5, 6, 7), affine))
        assert _plain(parts) == _plain(whole)
    assert np.array_equal(nibabel.load(parts).dataobj, tensor)


def test_a_zipped_file_is_one_gzip_member_that_any_tool_reads(tmp_path):
    write_volume(tmp_path / "a.nii.gz", Volume(values((40, 50, 60)), np.eye(4)))
    unzip = zlib.decompressobj(wbits=31)
    plain = unzip.decompress((tmp_path / "a.nii.gz").read_bytes())
    assert unzip.eof and not unzip.unused_data
    assert plain == nibabel.load(tmp_path / "a.nii.gz").to_bytes()


def _plain(path):
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content
