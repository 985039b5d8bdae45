"""What survives in Slicer's own files: IDs, statuses, terms, values and overlap."""

import numpy as np
import pytest
import vtk

from nodes import (
    CEREBRUM,
    CORTEX,
    OBLIQUE,
    SHAPE,
    addScan,
    addSegmentation,
    loadSegmentation,
    paint,
    saveSegmentation,
)
from partialseg_trainer.labels import Status
from partialseg_trainer.volumes import Volume
from PartialSegLib.annotation.scanAnnotation import Annotation
from PartialSegLib.prediction.results import loadPrediction
from PartialSegLib.scene.headless import headlessScene
from PartialSegLib.scene.labelSegments import LabelSegments
from PartialSegLib.scene.masks import segmentMask
from PartialSegLib.scene.segments import VALUE_TAG, createSegments, findSegments
from PartialSegLib.scene.segmentStatus import setSegmentStatus


@pytest.fixture
def saved(scan, node, tmp_path):
    """A scan and its annotation, the annotation saved as .seg.nrrd."""
    paint(node, "tcv", CEREBRUM, scan)
    paint(node, "cgm", CORTEX, scan)
    setSegmentStatus(node, "tcv", Status.COMPLETE)
    setSegmentStatus(node, "cgm", Status.IN_PROGRESS)
    setSegmentStatus(node, "csf", Status.ABSENT)
    return scan, node, saveSegmentation(node, tmp_path / "annotation.seg.nrrd")


def test_an_annotation_means_the_same_after_it_was_saved_and_loaded(saved, dhcp9):
    scan, node, path = saved
    again = loadSegmentation(path)
    assert findSegments(again, dhcp9) == {name: name for name in dhcp9.names}
    assert LabelSegments(again, dhcp9).statuses() == LabelSegments(node, dhcp9).statuses()
    assert np.array_equal(
        Annotation.of(again, scan, dhcp9).labelSets().multilabel(),
        Annotation.of(node, scan, dhcp9).labelSets().multilabel(),
    )
    value = vtk.reference("")
    assert again.GetSegmentation().GetSegment("tcv").GetTag(VALUE_TAG, value)
    assert str(value) == str(dhcp9["tcv"].value)


def test_it_also_does_in_a_scene_of_its_own(saved, dhcp9):
    _, node, path = saved
    expected = LabelSegments(node, dhcp9).statuses()
    with headlessScene():
        assert LabelSegments(loadSegmentation(path), dhcp9).statuses() == expected


def test_a_prediction_beside_an_absent_first_label_keeps_its_voxels_when_saved(
    scene, dhcp9, tmp_path
):
    scan = addScan(OBLIQUE)
    node = addSegmentation()
    createSegments(node, dhcp9)
    setSegmentStatus(node, "csf", Status.ABSENT)
    labelmap = np.random.default_rng(2).choice([0, 2, 3, 7], SHAPE).astype(np.uint8)
    loadPrediction(Volume(labelmap.transpose(2, 1, 0), OBLIQUE), dhcp9, scan, node)
    again = loadSegmentation(saveSegmentation(node, tmp_path / "prediction.seg.nrrd"))
    for name in ("cgm", "tcv"):
        assert np.array_equal(segmentMask(again, name, scan), dhcp9.mask(labelmap, name))
