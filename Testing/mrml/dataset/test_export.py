"""One annotated scan into a dataset and out again."""

import numpy as np
import pytest
import slicer
import slicer.util

from nodes import CEREBRUM, CORTEX, SHAPE, addScan, addSegmentation, affine, paint
from partialseg_trainer.dataset import Dataset, ScanName, check_dataset
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme, Status
from PartialSegLib.annotation.scanAnnotation import Annotation
from PartialSegLib.dataset.export import exportCase, isIdentifier
from PartialSegLib.engine.jobs import JobFailed
from PartialSegLib.scene.region import regionFromROI
from PartialSegLib.scene.segments import createSegments
from PartialSegLib.scene.segmentStatus import setSegmentStatus

GEOMETRY = affine(spacing=(0.7, 0.8, 1.1), degrees=(15, -20, 8), origin=(3, 4, 50), flip=(1,))
PATIENT = "Doe^Jane"


@pytest.fixture
def dataset(tmp_path, dhcp9):
    return Dataset.create(tmp_path / "dataset", dhcp9, "test")


@pytest.fixture
def scan(scene):
    scan = addScan(GEOMETRY, SHAPE)
    scan.SetName(PATIENT)
    return scan


@pytest.fixture
def node(scan, dhcp9):
    node = addSegmentation(scan)
    node.SetName(PATIENT)
    createSegments(node, dhcp9)
    paint(node, "tcv", CEREBRUM, scan)
    paint(node, "cgm", CORTEX, scan)
    setSegmentStatus(node, "tcv", Status.COMPLETE)
    setSegmentStatus(node, "cgm", Status.IN_PROGRESS)
    setSegmentStatus(node, "brainstem", Status.ABSENT)
    return node


def test_a_case_is_read_back_as_it_stood_in_the_scene(node, scan, dataset, dhcp9):
    exportCase(node, scan, dhcp9, dataset.folder, "01", session="1", annotator="ab")
    (case,) = Dataset.open(dataset.folder).cases
    assert case.name == "sub-01_ses-1"
    assert np.array_equal(case.image().data.transpose(2, 1, 0), slicer.util.arrayFromVolume(scan))
    assert case.image().affine == pytest.approx(GEOMETRY, abs=1e-4)
    expected = Annotation.of(node, scan, dhcp9).labelSets().multilabel()
    assert np.array_equal(case.label_sets(dhcp9).multilabel().transpose(0, 3, 2, 1), expected)
    assert case.info.status["tcv"] is Status.COMPLETE
    assert case.info.status["cgm"] is Status.IN_PROGRESS
    assert case.info.status["brainstem"] is Status.ABSENT
    assert case.info.status["wm"] is Status.NOT_ANNOTATED
    assert case.info.annotator == "ab"
    assert not [entry for entry in check_dataset(dataset.folder) if entry.severity == "error"]


@pytest.mark.parametrize("exists", [True, False])
def test_the_first_case_makes_the_dataset(node, scan, dhcp9, tmp_path, exists):
    folder = tmp_path / "new"
    if exists:
        folder.mkdir()
    case = exportCase(node, scan, dhcp9, folder, "02")
    dataset = Dataset.open(folder)
    assert dataset.cases == (case,)
    assert (dataset.scheme, dataset.name) == (dhcp9, "new")


def test_a_folder_may_be_named_from_where_one_is(node, scan, dhcp9, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exportCase(node, scan, dhcp9, "here", "02")
    assert [case.name for case in Dataset.open(tmp_path / "here").cases] == ["sub-02"]


def test_only_the_region_is_known_in_the_file(node, scan, dataset, dhcp9):
    roi = slicer.vtkMRMLMarkupsROINode()
    slicer.mrmlScene.AddNode(roi)
    roi.SetCenter(*(GEOMETRY @ [16, 14, 12, 1])[:3])
    roi.SetSize(8, 9, 10)
    region = regionFromROI(roi, scan)
    case = exportCase(node, scan, dhcp9, dataset.folder, "01", roiNode=roi)
    known = case.label_sets(dhcp9).value_of("tcv").transpose(2, 1, 0)
    assert (known[~region] == 2).all()
    assert np.array_equal(known[region], CEREBRUM[region])


def test_the_names_of_nodes_go_nowhere(node, scan, dataset, dhcp9):
    exportCase(node, scan, dhcp9, dataset.folder, "01")
    for file in dataset.folder.rglob("*"):
        assert PATIENT not in file.name
        assert file.is_dir() or PATIENT.encode() not in file.read_bytes()


def test_the_scene_is_as_before(node, scan, dataset, dhcp9):
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    exportCase(node, scan, dhcp9, dataset.folder, "01")
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes


def test_an_existing_case_is_written_anew_only_on_demand(node, scan, dataset, dhcp9):
    exportCase(node, scan, dhcp9, dataset.folder, "01")
    with pytest.raises(JobFailed, match="already exists") as caught:
        exportCase(node, scan, dhcp9, dataset.folder, "01")
    assert caught.value.details["exists"]
    setSegmentStatus(node, "csf", Status.ABSENT)
    case = exportCase(node, scan, dhcp9, dataset.folder, "01", replace=True)
    assert case.info.status["csf"] is Status.ABSENT


def test_nothing_is_written_when_nothing_is_annotated(scan, dataset, dhcp9):
    node = addSegmentation(scan)
    createSegments(node, dhcp9)
    paint(node, "tcv", CEREBRUM, scan)
    with pytest.raises(UserError, match="status"):
        exportCase(node, scan, dhcp9, dataset.folder, "01")
    assert dataset.cases == ()


def test_nothing_is_written_when_labels_contradict_each_other(node, scan, dataset, dhcp9):
    paint(node, "csf", CORTEX, scan)
    setSegmentStatus(node, "csf", Status.COMPLETE)
    with pytest.raises(JobFailed, match="csf") as caught:
        exportCase(node, scan, dhcp9, dataset.folder, "01")
    assert {"tcv", "csf"} == set(caught.value.details["contradictions"][0]["labels"])
    assert dataset.cases == ()


def test_a_dataset_of_another_scheme_is_refused(node, scan, dataset):
    with pytest.raises(UserError, match="of scheme 'dhcp9'"):
        exportCase(node, scan, LabelScheme.load("brainstem"), dataset.folder, "01")


def test_a_folder_with_other_files_is_not_made_a_dataset(node, scan, dhcp9, tmp_path):
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(UserError, match="not a PartialSeg dataset"):
        exportCase(node, scan, dhcp9, tmp_path, "01")
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("text", ["", "a b", "sub-01", "Jörg", "01\n", "a_b", "²"])
def test_what_the_module_refuses_as_a_subject_the_dataset_refuses_too(text):
    assert not isIdentifier(text)
    with pytest.raises(UserError):
        ScanName(text)


def test_letters_and_digits_make_a_subject():
    assert isIdentifier("Neo07")
    assert str(ScanName("Neo07")) == "sub-Neo07"


def test_all_contrasts_are_written_and_a_dataset_of_another_one_is_read_back(
    node, scan, dhcp9, tmp_path
):
    other = addScan(affine(spacing=(1.4, 1.0, 1.1), origin=(3, 4, 50)), (9, 12, 10))
    case = exportCase(node, scan, dhcp9, tmp_path / "both", "01", further={"t1": other})
    assert case.contrasts == ("T2w", "T1w")
    written = case.images()["T1w"]
    assert np.array_equal(written.data.transpose(2, 1, 0), slicer.util.arrayFromVolume(other))
    flair = Dataset.create(tmp_path / "flair", dhcp9, "flair", "FLAIR")
    assert exportCase(node, scan, dhcp9, flair.folder, "01").image_path.is_file()
    with pytest.raises(UserError, match="suffix of BIDS"):
        exportCase(node, scan, dhcp9, tmp_path / "both", "02", further={"../x": other})
