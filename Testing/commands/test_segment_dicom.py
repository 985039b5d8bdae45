"""`partialseg segment` of a DICOM folder or zip file."""

import gzip
import json
import shutil

import highdicom
import nibabel
import numpy as np
import pydicom
import pytest

from made_series import PATIENT, PATIENT_ID, write_series
from partialseg_trainer.volumes import read_labelmap, read_volume


@pytest.fixture(scope="module")
def study(pairs, tmp_path_factory):
    """Two series: of a scan, and its copy."""
    folder = tmp_path_factory.mktemp("study")
    scan = read_volume(pairs / "images" / "0.nii.gz")
    data = np.rint(np.clip(scan.data, 0, None))
    for number in (3, 7):
        write_series(folder / f"S{number}", data, scan.affine, number=number)
    return folder


@pytest.fixture
def drawn(pairs):
    """What is known of the scan, so that an untrained model finds something."""
    return "--known", f"{pairs / 'labels' / '0.nii.gz'}:all"


def test_nifti_of_it_is_clean_and_lies_where_the_scan_does(
    partialseg, model, study, scan, drawn, tmp_path
):
    output = tmp_path / "seg.nii.gz"
    words = ("segment", study / "S3", "-o", output, "--model", model, "--confidence", "--dicom-seg")
    result = partialseg(*words, *drawn)
    assert result.code == 0, result.err
    written = {path.name for path in tmp_path.glob("seg*")}
    assert written == {"seg.nii.gz", "seg_confidence.nii.gz", "seg.dcm"}
    assert all(name in result.out for name in written)
    found = nibabel.load(output)
    assert not read_labelmap(output).grid.mismatch(read_volume(scan).grid)
    content = gzip.decompress(output.read_bytes())
    for secret in (PATIENT, PATIENT_ID, "SECRET", "Secret", "t2_tse"):
        assert secret.encode() not in content and secret not in result.out + result.err
    seg = highdicom.seg.segread(tmp_path / "seg.dcm")
    assert seg.PatientID == PATIENT_ID
    segments = seg.get_volume(combine_segments=True).array
    assert (segments > 0).sum() == (np.asarray(found.dataobj) > 0).sum() > 0


def test_only_a_dicom_segmentation(partialseg, model, study, drawn, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "study"), "zip", study)
    words = ("segment", archive, "-o", tmp_path / "a.dcm", "--model", model, "--series", 7)
    result = partialseg(*words, *drawn, "--json")
    assert result.code == 0, result.err
    (entry,) = json.loads(result.out)["scans"]
    assert entry["dicom_seg"] == entry["labelmap"] == str(tmp_path / "a.dcm")
    assert pydicom.dcmread(tmp_path / "a.dcm").SeriesNumber == 1007
    assert partialseg(*words).code == 2


def test_several_series_are_listed(partialseg, model, study, tmp_path):
    words = ("segment", study, "-o", tmp_path / "a.nii.gz", "--model", model)
    result = partialseg(*words)
    assert result.code == 2 and "holds 2 DICOM series, 3, 7" in result.sentence
    assert result.out.count("24 x 24 x 20 voxels of 2 x 2 x 2 mm") == 2
    assert not partialseg(*words, "--json").out
    assert "no series '9'" in partialseg(*words, "--series", 9).sentence


def test_what_is_no_dicom_has_no_series_and_no_dicom_segmentation(
    partialseg, model, scan, study, tmp_path
):
    words = ("segment", scan, "--model", model)
    for more in (
        ("-o", tmp_path / "a.nii.gz", "--series", 3),
        ("-o", tmp_path / "a.nii.gz", "--dicom-seg"),
        ("-o", tmp_path / "a.dcm"),
    ):
        result = partialseg(*words, *more)
        assert result.code == 2 and "no DICOM" in result.sentence
    one = study / "S3" / "IM0001"
    result = partialseg("segment", one, "-o", tmp_path / "a.nii.gz", "--model", model)
    assert "name the folder in which all of the series lie" in result.sentence
    assert not list(tmp_path.glob("a.*"))


def test_a_slice_is_never_written_over(partialseg, model, study, tmp_path):
    series = shutil.copytree(study / "S3", tmp_path / "in")
    (series / "IM0001").rename(series / "a.dcm")
    before = (series / "a.dcm").read_bytes()
    words = ("segment", series, "-o", series / "a.dcm", "--model", model, "--overwrite")
    assert "is a scan to segment itself" in partialseg(*words).sentence
    assert (series / "a.dcm").read_bytes() == before
