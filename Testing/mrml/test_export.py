"""One annotated scan into a dataset and out again."""

import numpy as np
import pytest
import slicer
import slicer.util

from nodes import addScan, addSegmentation, affine, block, paint
from partialseg_trainer.dataset import Dataset, check_dataset
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import ContradictionError, Status
from PartialSegLib.annotation import labelSetsFromSegmentation
from PartialSegLib.export import exportCase
from PartialSegLib.segments import createSegments
from PartialSegLib.segmentStatus import setSegmentStatus

SHAPE = (24, 28, 32)
GEOMETRY = affine(spacing=(0.7, 0.8, 1.1), degrees=(15, -20, 8), origin=(3, 4, 50), flip=(1,))
CEREBRUM = block(SHAPE, (4, 4, 4), (20, 24, 28))
CORTEX = block(SHAPE, (4, 4, 4), (20, 24, 10))
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
    exportCase(node, scan, dataset, "01", session="1", annotator="ab")
    (case,) = Dataset.open(dataset.folder).cases
    assert case.name == "sub-01_ses-1"
    assert np.array_equal(case.image().data.transpose(2, 1, 0), slicer.util.arrayFromVolume(scan))
    assert case.image().affine == pytest.approx(GEOMETRY, abs=1e-4)
    expected = labelSetsFromSegmentation(node, scan, dhcp9).multilabel()
    assert np.array_equal(case.label_sets(dhcp9).multilabel().transpose(0, 3, 2, 1), expected)
    assert case.info.status["tcv"] is Status.COMPLETE
    assert case.info.status["cgm"] is Status.IN_PROGRESS
    assert case.info.status["brainstem"] is Status.ABSENT
    assert case.info.status["wm"] is Status.NOT_ANNOTATED
    assert case.info.annotator == "ab"
    assert not [entry for entry in check_dataset(dataset.folder) if entry.severity == "error"]


def test_a_folder_does_as_well_as_an_open_dataset(node, scan, dataset):
    assert exportCase(node, scan, dataset.folder, "02").subject == "02"


def test_only_the_region_is_known_in_the_file(node, scan, dataset, dhcp9):
    region = block(SHAPE, (10, 0, 0), (12, 28, 32))
    case = exportCase(node, scan, dataset, "01", region=region)
    known = case.label_sets(dhcp9).value_of("tcv").transpose(2, 1, 0)
    assert (known[~region] == 2).all()
    assert np.array_equal(known[region], CEREBRUM[region])


def test_the_names_of_nodes_go_nowhere(node, scan, dataset):
    exportCase(node, scan, dataset, "01")
    for file in dataset.folder.rglob("*"):
        assert PATIENT not in file.name
        assert file.is_dir() or PATIENT.encode() not in file.read_bytes()


def test_the_scene_is_as_before(node, scan, dataset):
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    exportCase(node, scan, dataset, "01")
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes


def test_an_existing_case_is_written_anew_only_on_demand(node, scan, dataset):
    exportCase(node, scan, dataset, "01")
    with pytest.raises(UserError, match="already exists"):
        exportCase(node, scan, dataset, "01")
    setSegmentStatus(node, "csf", Status.ABSENT)
    case = exportCase(node, scan, dataset, "01", replace=True)
    assert case.info.status["csf"] is Status.ABSENT


def test_nothing_is_written_when_nothing_is_annotated(scan, dataset, dhcp9):
    node = addSegmentation(scan)
    createSegments(node, dhcp9)
    paint(node, "tcv", CEREBRUM, scan)
    with pytest.raises(UserError, match="status"):
        exportCase(node, scan, dataset, "01")
    assert dataset.cases == ()


def test_nothing_is_written_when_labels_contradict_each_other(node, scan, dataset):
    paint(node, "csf", CORTEX, scan)
    setSegmentStatus(node, "csf", Status.COMPLETE)
    with pytest.raises(ContradictionError, match="csf"):
        exportCase(node, scan, dataset, "01")
    assert dataset.cases == ()
