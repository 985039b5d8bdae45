"""A case of a dataset into the scene, and out again."""

import numpy as np
import pytest
import slicer
import slicer.util

from nodes import addScan, addSegmentation, affine, block, paint
from partialseg_trainer.dataset import Dataset
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import Status
from PartialSegLib.annotation.scanAnnotation import Annotation
from PartialSegLib.dataset.caseLoading import loadCase, loadCaseJob
from PartialSegLib.dataset.export import exportCase
from PartialSegLib.scene.geometry import kjiToRAS
from PartialSegLib.scene.labelSegments import LabelSegments
from PartialSegLib.scene.region import placeROI, regionFromROI
from PartialSegLib.scene.segments import createSegments
from PartialSegLib.scene.segmentStatus import setSegmentStatus

SHAPE = (14, 15, 16)
GEOMETRY = affine(spacing=(0.7, 0.8, 1.1), degrees=(15, -20, 8), origin=(3, 4, 50), flip=(0, 1))
LEFT_HANDED = affine(spacing=(0.7, 0.8, 1.1), degrees=(15, -20, 8), origin=(3, 4, 50), flip=(1,))
CEREBRUM = block(SHAPE, (2, 2, 2), (12, 12, 14))
CORTEX = block(SHAPE, (2, 2, 2), (12, 12, 5))


@pytest.fixture(autouse=True)
def loadVolume(monkeypatch):
    """Slicer's own reader of images; the application only adds dialogs around it."""

    def load(path, properties):
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", properties["name"])
        storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
        slicer.mrmlScene.AddNode(storage)
        storage.SetFileName(path)
        if not storage.ReadData(node):
            slicer.mrmlScene.RemoveNode(node)
            raise RuntimeError("read failed")
        return node

    monkeypatch.setattr(slicer.util, "loadVolume", load)


@pytest.fixture
def scan(scene):
    return addScan(GEOMETRY, SHAPE)


@pytest.fixture
def node(scan, dhcp9):
    return addAnnotation(scan, dhcp9)


def addAnnotation(scan, dhcp9):
    node = addSegmentation(scan)
    createSegments(node, dhcp9)
    for name, mask, status in (
        ("tcv", CEREBRUM, Status.COMPLETE),
        ("cgm", CORTEX, Status.IN_PROGRESS),
        ("wm", CEREBRUM & ~CORTEX, Status.NOT_ANNOTATED),
    ):
        paint(node, name, mask, scan)
        setSegmentStatus(node, name, status)
    setSegmentStatus(node, "csf", Status.ABSENT)
    return node


@pytest.mark.parametrize("geometry", [GEOMETRY, LEFT_HANDED])
def test_scan_and_annotation_are_as_they_were_exported(scene, dhcp9, tmp_path, geometry):
    scan = addScan(geometry, SHAPE)
    node = addAnnotation(scan, dhcp9)
    exportCase(node, scan, dhcp9, tmp_path, "01", session="1")
    loaded = loadCase(tmp_path, "01", "1")
    assert loaded.volumeNode.GetName() == "sub-01_ses-1"
    assert loaded.scheme == dhcp9
    assert (loaded.regionNode, loaded.weakened) == (None, ())
    # A left-handed grid is read with its slices in reverse.
    order = -1 if geometry is LEFT_HANDED else 1
    again, before = (slicer.util.arrayFromVolume(entry) for entry in (loaded.volumeNode, scan))
    assert np.array_equal(again[::order], before)
    statuses = LabelSegments(loaded.segmentationNode, dhcp9).statuses()
    assert statuses == LabelSegments(node, dhcp9).statuses()
    sets = Annotation.of(loaded.segmentationNode, loaded.volumeNode, dhcp9).labelSets()
    expected = Annotation.of(node, scan, dhcp9).labelSets().multilabel()
    assert np.array_equal(sets.multilabel()[:, ::order], expected)
    # Its parts lie within it.
    display = loaded.segmentationNode.GetDisplayNode()
    assert not display.GetSegmentVisibility2DFill("tcv") and display.GetSegmentVisibility2DFill(
        "wm"
    )


def test_what_others_imply_of_a_label_is_not_painted_as_if_someone_had(node, scan, dhcp9, tmp_path):
    setSegmentStatus(node, "tcv", Status.NOT_ANNOTATED)
    exportCase(node, scan, dhcp9, tmp_path, "01")
    loaded = loadCase(tmp_path, "01")
    painted = slicer.util.arrayFromSegmentBinaryLabelmap(
        loaded.segmentationNode, "tcv", loaded.volumeNode
    )
    assert not painted.any()


def test_a_scan_that_was_finished_in_a_part_says_no_more_when_it_comes_back(
    node, scan, dhcp9, tmp_path
):
    roi = slicer.vtkMRMLMarkupsROINode()
    slicer.mrmlScene.AddNode(roi)
    roi.SetCenter(*(GEOMETRY @ [8, 7, 7, 1])[:3])
    roi.SetSize(6, 6, 6)
    exportCase(node, scan, dhcp9, tmp_path, "01", roiNode=roi)
    loaded = loadCase(tmp_path, "01")
    # Across the voxels of an oblique scan this box is none.
    assert loaded.regionNode is None
    assert set(loaded.weakened) == {"tcv", "csf"}
    statuses = LabelSegments(loaded.segmentationNode, dhcp9).statuses()
    assert statuses["tcv"] is Status.IN_PROGRESS
    assert statuses["csf"] is Status.NOT_ANNOTATED
    again = Annotation.of(loaded.segmentationNode, loaded.volumeNode, dhcp9).labelSets()
    exported = Dataset.open(tmp_path).cases[0].label_sets(dhcp9).multilabel()
    exported = exported.transpose(0, 3, 2, 1)
    known = again.multilabel() != 2
    assert np.array_equal(again.multilabel()[known], exported[known])


@pytest.mark.parametrize("geometry", [GEOMETRY, LEFT_HANDED])
def test_the_region_that_was_annotated_comes_back_with_what_was_finished_in_it(
    scene, dhcp9, tmp_path, geometry
):
    scan = addScan(geometry, SHAPE)
    node = addAnnotation(scan, dhcp9)
    roi = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
    placeROI(roi, (3, 0, 0), (7, *np.subtract(SHAPE[1:], 1)), kjiToRAS(scan))
    assert np.array_equal(regionFromROI(roi, scan), block(SHAPE, (3, 0, 0), (8, *SHAPE[1:])))
    exportCase(node, scan, dhcp9, tmp_path, "01", roiNode=roi)
    loaded = loadCase(tmp_path, "01")
    assert loaded.weakened == ()
    assert (
        LabelSegments(loaded.segmentationNode, dhcp9).statuses()
        == LabelSegments(node, dhcp9).statuses()
    )
    again = Annotation.of(loaded.segmentationNode, loaded.volumeNode, dhcp9, loaded.regionNode)
    again = again.labelSets().multilabel()
    exported = Annotation.of(node, scan, dhcp9, roi).labelSets().multilabel()
    order = -1 if geometry is LEFT_HANDED else 1
    assert np.array_equal(again[:, ::order], exported)


def test_a_structure_that_an_imported_scan_lacks_is_absent(scene, dhcp9, tmp_path):
    dataset = Dataset.create(tmp_path / "dataset", dhcp9, "imported")
    scan = addScan(GEOMETRY, SHAPE)
    node = addSegmentation(scan)
    createSegments(node, dhcp9)
    paint(node, "tcv", CEREBRUM, scan)
    setSegmentStatus(node, "tcv", Status.COMPLETE)
    for name in ("csf", "cgm", "dgm"):
        setSegmentStatus(node, name, Status.ABSENT)
    exportCase(node, scan, dhcp9, dataset.folder, "01")
    sidecar = dataset.cases[0].sidecar_path
    sidecar.write_text(sidecar.read_text().replace('"csf": "absent"', '"csf": "complete"'))
    loaded = loadCase(dataset.folder, "01")
    segments = LabelSegments(loaded.segmentationNode, dhcp9)
    assert segments.statuses()["csf"] is Status.ABSENT
    # White matter follows from the others and was painted by nobody, so that nothing is hidden.
    assert not segments.isPainted("wm") and segments.isPainted("tcv")
    assert loaded.segmentationNode.GetDisplayNode().GetSegmentVisibility2DFill("tcv")


def test_a_case_that_is_not_there_or_given_up_adds_nothing(node, scan, dhcp9, tmp_path):
    exportCase(node, scan, dhcp9, tmp_path, "01")
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    with pytest.raises(UserError, match="does not exist"):
        loadCase(tmp_path, "02")
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes
    told = []
    job = loadCaseJob(tmp_path, "01", onFinished=told.append, onFailed=told.append)
    scans = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLVolumeNode")
    while slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == scans:
        assert not job.poll()
    job.cancel()
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == scans and not told


def test_a_scan_that_slicer_places_elsewhere_is_refused(node, scan, dhcp9, tmp_path, monkeypatch):
    exportCase(node, scan, dhcp9, tmp_path, "01")
    monkeypatch.setattr(
        slicer.util, "loadVolume", lambda path, properties: addScan(affine(), SHAPE)
    )
    nodes = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLVolumeNode")
    with pytest.raises(UserError, match="away from where"):
        loadCase(tmp_path, "01")
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == nodes
