"""A DICOM series becomes a volume where ITK sees it, or one sentence says why it cannot."""

import re
import shutil
import sys
import zipfile

import numpy as np
import pydicom
import pytest
import SimpleITK

from made_series import write_series
from partialseg_trainer.dicom import choose_series, is_dicom_source, open_dicom
from partialseg_trainer.errors import UserError
from partialseg_trainer.limits import IMAGE_GB

DATA = np.random.default_rng(0).integers(0, 1000, (6, 5, 8)) * 2
TURN = np.array(SimpleITK.VersorTransform((0.3, 0.6, 0.7), 0.5).GetMatrix()).reshape(3, 3)
AFFINE = np.eye(4)
AFFINE[:3, :3] = TURN * (0.9, 0.8, 2.5)
AFFINE[:3, 3] = (-11, 5, 30)


def volume_of(source, wanted=None):
    with open_dicom(source) as series:
        return choose_series(series, wanted).volume()


def refusal(source, wanted=None):
    with pytest.raises(UserError) as caught:
        volume_of(source, wanted)
    message = str(caught.value)
    assert str(source) in message and message.endswith(".") and "\n" not in message
    assert not any(part in message for part in ("Doe", "SECRET", "Secret"))
    return message


def test_a_series_lies_where_it_was_scanned(tmp_path):
    write_series(tmp_path, DATA, AFFINE)
    volume = volume_of(tmp_path)
    assert np.array_equal(volume.data, DATA) and np.allclose(volume.affine, AFFINE, atol=1e-4)
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))
    seen = reader.Execute()
    corner = [size - 1 for size in volume.data.shape]
    lps = np.diag([-1, -1, 1]) @ volume.grid.ras(corner)
    assert np.allclose(seen.TransformIndexToPhysicalPoint(corner), lps, atol=1e-3)
    assert np.array_equal(SimpleITK.GetArrayFromImage(seen).T, volume.data)


def test_slices_from_above_to_below_are_put_in_order(tmp_path):
    down = AFFINE @ np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, 7], [0, 0, 0, 1]])
    write_series(tmp_path, DATA[:, :, ::-1], down)
    volume = volume_of(tmp_path)
    assert np.array_equal(volume.data, DATA) and np.allclose(volume.affine, AFFINE, atol=1e-4)


def test_each_slice_has_a_scale_of_its_own(tmp_path):
    write_series(tmp_path, DATA, AFFINE, slopes=(1.0, 0.5, 2.0))
    assert np.array_equal(volume_of(tmp_path).data, DATA)


def test_compressed_slices_are_read(tmp_path):
    for path in write_series(tmp_path, DATA, AFFINE):
        dataset = pydicom.dcmread(path)
        dataset.compress(pydicom.uid.JPEGLSLossless, generate_instance_uid=False)
        dataset.save_as(path)
    assert np.array_equal(volume_of(tmp_path).data, DATA)


def test_a_study_is_looked_through_at_every_depth_and_what_is_no_scan_is_passed_over(tmp_path):
    write_series(tmp_path / "a" / "b", DATA, AFFINE)
    report = pydicom.dcmread(tmp_path / "a" / "b" / "IM0001")
    report.Modality, report.SeriesInstanceUID = "SR", "1.2.3"
    report.SOPClassUID = pydicom.uid.BasicTextSRStorage
    del report.Rows, report.Columns, report.PixelData
    report.save_as(tmp_path / "a" / "report.dcm")
    (tmp_path / "notes.txt").write_text("a note")
    # A file that was copied twice is one slice.
    shutil.copy(tmp_path / "a" / "b" / "IM0003", tmp_path / "a" / "again")
    assert is_dicom_source(tmp_path)
    assert np.array_equal(volume_of(tmp_path).data, DATA)


def test_one_of_several_series_is_chosen_by_number_or_uid(tmp_path):
    write_series(tmp_path / "5", DATA, AFFINE)
    (first, *_) = write_series(tmp_path / "6", DATA + 1, AFFINE, number=6)
    message = refusal(tmp_path)
    assert "holds 2 DICOM series, 5, 6" in message and "--series" in message
    uid = str(pydicom.dcmread(first).SeriesInstanceUID)
    for wanted in ("6", uid):
        assert np.array_equal(volume_of(tmp_path, wanted).data, DATA + 1)
    assert "no series '7'; there are 5, 6" in refusal(tmp_path, "7")


def test_series_of_one_number_are_told_apart_by_their_uids(tmp_path):
    (first, *_) = write_series(tmp_path / "a", DATA, AFFINE, number=None)
    write_series(tmp_path / "b", DATA + 1, AFFINE, number=None)
    uid = str(pydicom.dcmread(first).SeriesInstanceUID)
    assert uid in refusal(tmp_path)
    assert np.array_equal(volume_of(tmp_path, uid).data, DATA)


def zipped(folder, path, name=lambda file: file.name):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, name(file))
    return path


def test_a_zip_file_is_read_whatever_its_members_are_called_and_leaves_nothing(
    tmp_path, monkeypatch
):
    write_series(tmp_path / "in", DATA, AFFINE)
    path = zipped(tmp_path / "in", tmp_path / "a.zip", lambda file: f"../../{file.name}")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    assert is_dicom_source(path)
    assert np.array_equal(volume_of(path).data, DATA)
    assert not any((tmp_path / "temporary").iterdir())
    assert {entry.name for entry in tmp_path.iterdir()} == {"in", "a.zip", "temporary"}


def test_zip_files_that_lie(tmp_path, monkeypatch):
    write_series(tmp_path / "in", DATA, AFFINE)
    path = zipped(tmp_path / "in", tmp_path / "a.zip")
    content = path.read_bytes()
    (tmp_path / "cut.zip").write_bytes(content[: len(content) // 2])
    assert "damaged zip" in refusal(tmp_path / "cut.zip")
    changed = bytearray(content)
    changed[200:240] = bytes(40)
    (tmp_path / "changed.zip").write_bytes(changed)
    assert "damaged zip" in refusal(tmp_path / "changed.zip")
    with zipfile.ZipFile(tmp_path / "none.zip", "w") as archive:
        archive.writestr("notes.txt", "none")
    assert "holds no DICOM image" in refusal(tmp_path / "none.zip")
    with zipfile.ZipFile(tmp_path / "large.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("large", bytes(3_000_000))
    monkeypatch.setenv(IMAGE_GB.variable, "0.002")
    message = refusal(tmp_path / "large.zip")
    assert "unpacked, has 0.003 GB" in message and IMAGE_GB.variable in message


def leave_out(*left):
    return lambda dataset, index: index not in left


def moved(by):
    def change(dataset, index):
        place = np.array(dataset.ImagePositionPatient, dtype=float) + by(index)
        dataset.ImagePositionPatient = [f"{part:.6f}" for part in place]

    return change


def set_to(**fields):
    def change(dataset, index):
        for name, value in fields.items():
            if index == 2:
                setattr(dataset, name, value)

    return change


def without(field):
    return lambda dataset, index: delattr(dataset, field)


REFUSED = {
    "missing": (leave_out(3, 4), "lacks slices: about 2 .* after slice 3 of 6"),
    "uneven": (
        moved(lambda index: 0.8 * (index == 3) * TURN[:, 2] * (-1, -1, 1)),
        "away from even distances",
    ),
    "sideways": (
        moved(lambda index: 0.8 * (index == 3) * TURN[:, 0] * (-1, -1, 1)),
        "away from even distances",
    ),
    "echoes": (
        moved(lambda index: -(index % 2) * AFFINE[:3, 2] * (-1, -1, 1)),
        "has 4 images in a place that another one has too",
    ),
    "frames": (set_to(NumberOfFrames=8), "several slices in one file"),
    "mosaic": (set_to(ImageType=["ORIGINAL", "PRIMARY", "MOSAIC"]), "several slices in one file"),
    "colour": (set_to(SamplesPerPixel=3), "colour"),
    "directions": (set_to(ImageOrientationPatient=[1, 0, 0, 0, 1, 0]), "different directions"),
    "size": (set_to(Rows=4), "different directions, sizes"),
    "screenshot": (without("ImagePositionPatient"), "8 images that do not say where they lie"),
    "one": (leave_out(*range(1, 8)), "has 1 image"),
    "far": (set_to(ImagePositionPatient=["1e300", "1e300", "1e300"]), "even distances|lacks"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_scan_is_said_in_one_sentence(tmp_path, kind):
    change, words = REFUSED[kind]
    write_series(tmp_path, DATA, AFFINE, change=change)
    assert re.search(words, refusal(tmp_path))


def test_a_tilted_gantry_gives_a_sheared_grid_and_a_sentence(tmp_path):
    tilted = AFFINE.copy()
    tilted[:3, 2] += AFFINE[:3, 1] * 0.6
    write_series(tmp_path, DATA, tilted)
    volume = volume_of(tmp_path)
    assert np.array_equal(volume.data, DATA) and np.allclose(volume.affine, tilted, atol=1e-4)
    assert "not at right angles" in volume.grid.doubt()


def test_damaged_files(tmp_path):
    paths = write_series(tmp_path, DATA, AFFINE)
    whole = paths[2].read_bytes()
    for size in (140, 300, 900):
        paths[2].write_bytes(whole[:size])
        assert "damaged or truncated" in refusal(tmp_path)
    paths[2].write_bytes(whole[:-30])
    assert "voxels that are damaged" in refusal(tmp_path)


def test_a_file_that_was_packed_as_a_whole_is_not_unpacked(tmp_path):
    paths = write_series(tmp_path, DATA, AFFINE)
    dataset = pydicom.dcmread(paths[0])
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    dataset.save_as(paths[0], enforce_file_format=True)
    assert "deflated" in refusal(tmp_path)


def test_more_voxels_than_the_limit_are_not_read(tmp_path):
    def change(dataset, index):
        dataset.Rows = dataset.Columns = 65535

    write_series(tmp_path, DATA, AFFINE, change=change)
    assert IMAGE_GB.variable in refusal(tmp_path)


def test_without_the_packages_it_says_what_to_install(tmp_path, monkeypatch):
    write_series(tmp_path, DATA, AFFINE)
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(UserError, match=r"partialseg-trainer\[dicom\]"):
        volume_of(tmp_path)
