"""What is written of a phantom's series lies on it, says what each segment is, and whose it is."""

import highdicom
import numpy as np
import pydicom
import pytest

from made_series import PATIENT_ID, write_series
from partialseg_trainer.dicom import choose_series, open_dicom, write_dicom_seg
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.synthesis import make_phantom

SCHEME = LabelScheme.load("dhcp9")


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(0, spacing=3.0)


@pytest.fixture(scope="module")
def folder(phantom, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dicom")
    scan = phantom.image.data
    write_series(folder, np.rint(1000 * scan / scan.max()), phantom.image.affine)
    return folder


@pytest.fixture(scope="module")
def written(phantom, folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("out") / "seg.dcm"
    with open_dicom(folder) as series:
        one = choose_series(series, None)
        volume = one.volume()
        assert not volume.grid.mismatch(phantom.image.grid)
        write_dicom_seg(path, phantom.labelmap.data, SCHEME, one, "small")
    return path


def test_each_label_is_a_segment_with_the_schemes_terms_and_voxels(phantom, written):
    found = highdicom.seg.segread(written)
    labels = [label for label in SCHEME if (phantom.labelmap.data == label.value).any()]
    assert found.number_of_segments == len(labels) == 9
    for number, label in enumerate(labels, 1):
        told = found.get_segment_description(number)
        assert told.segment_label == label.title
        category, kind = told.segmented_property_category, told.segmented_property_type
        for code, term in ((category, "category"), (kind, "type")):
            assert [code.scheme_designator, code.value, code.meaning] == label.terminology[term]
        modifier = getattr(kind, "SegmentedPropertyTypeModifierCodeSequence", [])
        assert bool(modifier) == ("typeModifier" in label.terminology)
        assert told.algorithm_identification.name == "small"
    seen = found.get_volume(combine_segments=True)
    ras = seen.to_patient_orientation("LPS")
    x, y, z = np.moveaxis(np.indices(ras.array.shape), 0, -1).reshape(-1, 3).T
    lps = ras.affine @ np.stack([x, y, z, np.ones_like(x)])
    index = np.rint(
        np.linalg.inv(phantom.labelmap.affine) @ (np.diag([-1, -1, 1, 1]) @ lps)
    ).astype(int)[:3]
    values = np.array([0, *(label.value for label in labels)])
    assert np.array_equal(values[ras.array.reshape(-1)], phantom.labelmap.data[tuple(index)])
    # Frames in which there is nothing are left out, and no label is there.
    assert (ras.array > 0).sum() == (phantom.labelmap.data > 0).sum()


def test_it_is_of_the_same_patient_study_and_frame_of_reference(folder, written):
    source, found = pydicom.dcmread(folder / "IM0001"), pydicom.dcmread(written)
    assert found.PatientID == PATIENT_ID
    for field in ("PatientName", "StudyInstanceUID", "FrameOfReferenceUID", "AccessionNumber"):
        assert found[field].value == source[field].value
    assert found.SeriesInstanceUID != source.SeriesInstanceUID
    assert found.Modality == "SEG" and found.SeriesNumber == 1005


def test_a_segmentation_in_the_folder_is_no_scan_of_it(folder, written, tmp_path):
    for path in (*folder.iterdir(), written):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with open_dicom(tmp_path) as series:
        assert [one.key for one in series] == ["5"]


def test_labels_without_terms_have_codes_of_their_own(tmp_path, folder):
    labels = [{"name": "a_label_with_a_long_name", "title": "It", "value": 300}]
    scheme = LabelScheme.from_dict({"name": "own", "labels": labels})
    with open_dicom(folder) as series:
        (one,) = series
        drawn = np.zeros(one.stack.shape, np.uint16)
        drawn[3:5, 3:5, 3:5] = 300
        write_dicom_seg(tmp_path / "a.dcm", drawn, scheme, one, "small")
    told = highdicom.seg.segread(tmp_path / "a.dcm").get_segment_description(1)
    assert told.segmented_property_type.scheme_designator == "99PARTIALSEG"
    assert told.segmented_property_type.value == "a_label_with_a_long_name"


def refusal(folder, path, value=1):
    with open_dicom(folder) as series:
        (one,) = series
        drawn = np.full(one.stack.shape, value, np.uint8)
        with pytest.raises(UserError) as caught:
            write_dicom_seg(path, drawn, SCHEME, one, "small")
    message = str(caught.value)
    assert message.endswith(".") and "\n" not in message and "Secret" not in message
    assert not path.exists()
    return message


def test_what_cannot_be_written_is_said(tmp_path, folder):
    assert "Nothing was found" in refusal(folder, tmp_path / "a.dcm", 0)
    assert "cannot be written" in refusal(folder, tmp_path / "none" / "a.dcm")
    data = np.ones((4, 4, 4))

    def change(dataset, index):
        del dataset.StudyInstanceUID

    write_series(tmp_path / "in", data, np.eye(4), change=change)
    assert "it lacks StudyInstanceUID" in refusal(tmp_path / "in", tmp_path / "a.dcm")
