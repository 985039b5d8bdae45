"""Slicer opens what the engine writes as segments, and the engine reads what Slicer saves."""

import nibabel
import numpy as np
import pytest
import slicer
import slicer.util
import vtk

from nodes import (
    CEREBRUM,
    CORTEX,
    OBLIQUE,
    SHAPE,
    addScan,
    addSegmentation,
    block,
    loadSegmentation,
    paint,
    saveSegmentation,
)
from partialseg_trainer.dataset.annotations import NamedSegments, read_scheme_labelmap
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme, Status
from partialseg_trainer.labels.terminology import terminology_entry
from partialseg_trainer.volumes import Volume, read_segments, read_volume, write_labelmap
from PartialSegLib.annotation.scanAnnotation import Annotation
from PartialSegLib.scene.emptySegments import placeEmptySegments
from PartialSegLib.scene.segments import foreignSegments
from PartialSegLib.scene.segmentStatus import setSegmentStatus
from PartialSegLib.scene.terminology import serializedTerminology

WM = block(SHAPE, (6, 6, 12), (18, 22, 26))


def saveScan(scan, path, flip=False):
    """The scan as NIfTI; with `flip`, its first axis is stored the other way round."""
    data = slicer.util.arrayFromVolume(scan).T
    affine = OBLIQUE.copy()
    if flip:
        data = data[::-1]
        affine[:3, 3] += affine[:3, 0] * (len(data) - 1)
        affine[:3, 0] *= -1
    nibabel.Nifti1Image(np.ascontiguousarray(data), affine).to_filename(path)
    return read_volume(path)


def draw(scan, drawn):
    """A segmentation of a user's own segments: name, mask, status (None leaves Slicer's)."""
    node = addSegmentation(scan)
    for name, mask, status in drawn:
        segment = node.GetSegmentation().AddEmptySegment("", name)
        if mask is not None:
            paint(node, segment, mask, scan)
        if status is not None:
            setSegmentStatus(node, segment, status)
    placeEmptySegments(node)
    return node


@pytest.fixture
def scan(scene):
    return addScan(OBLIQUE)


@pytest.fixture
def dhcp9():
    return LabelScheme.load("dhcp9")


@pytest.mark.parametrize("crop", [False, True])
@pytest.mark.parametrize("flip", [False, True])
def test_names_statuses_and_overlap_are_read_on_the_scan_s_grid(scan, dhcp9, tmp_path, crop, flip):
    node = draw(
        scan,
        [
            ("Ventricles", None, None),
            ("white MATTER ", WM, Status.IN_PROGRESS),
            ("Total cerebrum", CEREBRUM, Status.COMPLETE),
            ("cgm", CORTEX, Status.COMPLETE),
            ("Cerebellum", None, Status.ABSENT),
        ],
    )
    path = saveSegmentation(node, tmp_path / "a.seg.nrrd", crop)
    image = saveScan(scan, tmp_path / "scan.nii.gz", flip)
    named = NamedSegments(read_segments(path).on(image.grid), dhcp9)
    sets = named.label_sets("all")
    expected = Annotation.of(node, scan, dhcp9).labelSets()
    for name in dhcp9.names:
        there = sets.value_of(name)[:: -1 if flip else 1]
        assert np.array_equal(there.T, expected.value_of(name)), name
    assert named.drawn == {"wm", "tcv", "cgm"}


def test_two_segments_of_one_name_are_one_label(scan, dhcp9, tmp_path):
    left, right = WM.copy(), WM.copy()
    left[:, :, 18:] = right[:, :, :18] = False
    both = [("White matter", left, Status.COMPLETE), ("White matter", right, Status.COMPLETE)]
    grid = saveScan(scan, tmp_path / "scan.nii").grid

    def sets_of(drawn, name):
        path = saveSegmentation(draw(scan, drawn), tmp_path / f"{name}.seg.nrrd")
        return NamedSegments(read_segments(path).on(grid), dhcp9).label_sets("all")

    assert np.array_equal(sets_of(both, "both").value_of("wm").T, WM)
    begun = sets_of([both[0], ("white matter", right, Status.IN_PROGRESS)], "begun")
    assert np.array_equal(begun.value_of("wm").T, np.where(WM, 1, 2))
    with pytest.raises(UserError, match=r"White matter.*White matter"):
        sets_of([both[0], ("White matter", None, Status.ABSENT)], "absent")


def test_a_segment_that_is_no_label_is_named_and_may_be_given_a_label(scan, dhcp9, tmp_path):
    node = draw(scan, [("Weiße Substanz", WM, None), ("Schädel", CORTEX, None)])
    segments = read_segments(saveSegmentation(node, tmp_path / "a.seg.nrrd"))
    with pytest.raises(UserError, match=r"'Weiße Substanz' \(\d+ voxels\), 'Schädel'"):
        NamedSegments(segments, dhcp9)
    named = NamedSegments(segments, dhcp9, {"weiße substanz": "wm", "Schädel": "unknown"})
    assert named.drawn == {"wm"}


def test_slicer_opens_a_result_as_segments(scan, dhcp9, tmp_path):
    image = saveScan(scan, tmp_path / "scan.nii.gz")
    values = np.zeros(SHAPE, np.uint8)
    values[WM], values[CORTEX] = dhcp9["wm"].value, dhcp9["cgm"].value
    path = tmp_path / "a.seg.nrrd"
    write_labelmap(path, image.with_data(np.ascontiguousarray(values.T)), dhcp9)
    node = loadSegmentation(path)
    segmentation = node.GetSegmentation()
    assert set(segmentation.GetSegmentIDs()) == set(dhcp9.names)
    for label in dhcp9:
        segment, tag = segmentation.GetSegment(label.name), vtk.reference("")
        assert segment.GetName() == label.title
        assert np.allclose(segment.GetColor(), np.array(label.colour) / 255, atol=1e-4)
        assert segment.GetTag("TerminologyEntry", tag)
        assert str(tag) == serializedTerminology(label) == terminology_entry(label)
        logic = slicer.vtkSlicerSegmentationsModuleLogic
        assert logic.GetSegmentStatus(segment) == logic.Flagged
        mask = slicer.util.arrayFromSegmentBinaryLabelmap(node, label.name, scan)
        assert np.array_equal(mask > 0, dhcp9.mask(values, label.name)), label.name
    assert foreignSegments(node, dhcp9) == []
    assert np.array_equal(read_scheme_labelmap(path, dhcp9).data.T, values)


def test_a_scheme_s_titles_may_have_any_letters(scan, tmp_path):
    labels = [{"name": "a", "title": 'Großhirn "é" \\ x', "value": 300}]
    scheme = LabelScheme.from_dict({"name": "own", "labels": labels})
    data = np.zeros((4, 5, 6), np.uint16)
    data[1:3] = 300
    write_labelmap(tmp_path / "a.seg.nrrd", Volume(data, np.eye(4)), scheme)
    segment = loadSegmentation(tmp_path / "a.seg.nrrd").GetSegmentation().GetNthSegment(0)
    assert segment.GetName() == labels[0]["title"]
    assert np.array_equal(read_scheme_labelmap(tmp_path / "a.seg.nrrd", scheme).data, data)
