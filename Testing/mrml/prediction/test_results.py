"""Predictions in segmentation nodes."""

import sys

import nibabel
import numpy as np
import pytest
import slicer
import slicer.util

from nodes import SHAPE, addBend, addScan, addSegmentation, addTransform, affine, block, paint
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme, Status
from partialseg_trainer.volumes import Volume
from PartialSegLib.prediction.results import loadPrediction
from PartialSegLib.scene.geometry import ijkToRAS
from PartialSegLib.scene.labelmapLayers import labelLayers
from PartialSegLib.scene.labelSegments import LabelSegments
from PartialSegLib.scene.masks import segmentMask
from PartialSegLib.scene.segments import createSegments
from PartialSegLib.scene.segmentStatus import setSegmentStatus

GEOMETRY = affine(spacing=(0.7, 0.8, 1.1), degrees=(15, -20, 8), origin=(3, 4, 50), flip=(1,))
PAINTED = block(SHAPE, (2, 2, 2), (5, 5, 5))


@pytest.fixture
def scan(scene):
    return addScan(GEOMETRY, SHAPE)


@pytest.fixture
def labelmap(dhcp9):
    """(K, J, I) with every value but that of tcv, which is a union, and hippocampi, absent."""
    values = [label.value for label in dhcp9 if label.name not in ("tcv", "hippocampi_amygdala")]
    return np.random.default_rng(1).choice([0, *values], SHAPE).astype(np.uint8)


def image(labelmap, matrix=GEOMETRY):
    return nibabel.Nifti1Image(labelmap.transpose(2, 1, 0), matrix)


def check(loaded, scan, labelmap, scheme, names=None):
    for name in names or scheme.names:
        found = segmentMask(loaded.segmentationNode, name, scan)
        assert np.array_equal(found, scheme.mask(labelmap, name)), name


def test_a_new_node_shows_every_label_and_a_super_label_is_the_union_of_its_parts(
    scan, labelmap, dhcp9
):
    loaded = loadPrediction(image(labelmap), dhcp9, scan)
    assert loaded.filled == dhcp9.names
    assert loaded.kept == ()
    check(loaded, scan, labelmap, dhcp9)
    union = sum(segmentMask(loaded.segmentationNode, name, scan) for name in ("cgm", "wm", "dgm"))
    assert np.array_equal(segmentMask(loaded.segmentationNode, "tcv", scan), union)


def test_slicers_own_export_sees_the_same_voxels(scan, labelmap, dhcp9):
    node = loadPrediction(image(labelmap), dhcp9, scan).segmentationNode
    for name in ("csf", "tcv", "hippocampi_amygdala"):
        exported = slicer.util.arrayFromSegmentBinaryLabelmap(node, name, scan)
        assert np.array_equal(exported != 0, dhcp9.mask(labelmap, name))


def test_the_new_node_has_the_scans_geometry_transform_titles_and_colours(scan, labelmap, dhcp9):
    turn = affine(degrees=(0, 30, 0), origin=(10, 0, 0))
    transform = addTransform(turn)
    scan.SetAndObserveTransformNodeID(transform.GetID())
    node = loadPrediction(image(labelmap, turn @ GEOMETRY), dhcp9, scan).segmentationNode
    role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
    assert node.GetNodeReference(role) == scan
    assert node.GetParentTransformNode() == transform
    assert np.array_equal(segmentMask(node, "csf", scan), dhcp9.mask(labelmap, "csf"))
    segment = node.GetSegmentation().GetSegment("tcv")
    assert segment.GetName() == dhcp9["tcv"].title
    assert segment.GetColor() == pytest.approx([part / 255 for part in dhcp9["tcv"].colour])


def test_a_prediction_is_no_annotation_until_someone_has_looked_at_it(scan, labelmap, dhcp9):
    node = loadPrediction(image(labelmap), dhcp9, scan).segmentationNode
    assert set(LabelSegments(node, dhcp9).statuses().values()) == {Status.NOT_ANNOTATED}
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    for name in dhcp9.names:
        segment = node.GetSegmentation().GetSegment(name)
        assert logic.GetSegmentStatus(segment) == logic.Flagged


def test_the_fewest_labelmaps_are_shared_by_all_segments(scan, labelmap, dhcp9):
    node = loadPrediction(image(labelmap), dhcp9, scan).segmentationNode
    assert node.GetSegmentation().GetNumberOfLayers() == 2


def test_labels_of_one_layer_never_contain_each_other():
    deep = {"name": "a", "value": 1, "children": [
        {"name": "b", "value": 2, "children": [{"name": "c", "value": 3}]},
        {"name": "d", "value": 4},
    ]}  # fmt: skip
    scheme = LabelScheme.from_dict({"name": "deep", "labels": [deep, {"name": "e", "value": 5}]})
    assert labelLayers(scheme, scheme.names) == [("c", "d", "e"), ("b",), ("a",)]
    assert labelLayers(scheme, ("a", "d")) == [("d",), ("a",)]


def test_the_rest_of_a_super_label_belongs_to_it_alone(scan):
    scheme = LabelScheme.from_dict({"name": "rest", "labels": [
        {"name": "whole", "value": 7, "children": [{"name": "part", "value": 3}]}
    ]})  # fmt: skip
    labelmap = np.zeros(SHAPE, np.uint8)
    labelmap[4:8], labelmap[6:8] = 7, 3
    check(loadPrediction(image(labelmap), scheme, scan), scan, labelmap, scheme)


def test_what_a_person_has_drawn_stays_and_the_rest_is_filled(scan, labelmap, dhcp9):
    node = addSegmentation(scan)
    createSegments(node, dhcp9)
    for name in ("tcv", "cgm", "csf"):
        paint(node, name, PAINTED, scan)
    setSegmentStatus(node, "tcv", Status.COMPLETE)
    setSegmentStatus(node, "cgm", Status.IN_PROGRESS)
    setSegmentStatus(node, "csf", Status.NOT_ANNOTATED)
    setSegmentStatus(node, "wm", Status.IN_PROGRESS)  # begun, but nothing is painted yet
    setSegmentStatus(node, "brainstem", Status.ABSENT)
    loaded = loadPrediction(image(labelmap), dhcp9, scan, node)
    assert loaded.segmentationNode is node
    assert set(loaded.kept) == {"tcv", "cgm", "brainstem"}
    for name in ("tcv", "cgm"):
        assert np.array_equal(segmentMask(node, name, scan), PAINTED)
    assert not segmentMask(node, "brainstem", scan).any()
    check(loaded, scan, labelmap, dhcp9, loaded.filled)
    statuses = LabelSegments(node, dhcp9).statuses()
    assert statuses["tcv"] is Status.COMPLETE
    assert statuses["cgm"] is Status.IN_PROGRESS
    assert statuses["brainstem"] is Status.ABSENT
    assert statuses["wm"] is Status.NOT_ANNOTATED


def test_segments_in_progress_are_replaced_on_demand_and_complete_ones_never(scan, labelmap, dhcp9):
    node = addSegmentation(scan)
    createSegments(node, dhcp9)
    for name, status in (("tcv", Status.COMPLETE), ("cgm", Status.IN_PROGRESS)):
        paint(node, name, PAINTED, scan)
        setSegmentStatus(node, name, status)
    loaded = loadPrediction(image(labelmap), dhcp9, scan, node, replaceInProgress=True)
    assert loaded.kept == ("tcv",)
    assert np.array_equal(segmentMask(node, "cgm", scan), dhcp9.mask(labelmap, "cgm"))
    assert np.array_equal(segmentMask(node, "tcv", scan), PAINTED)


def test_a_kept_segment_survives_when_it_shares_its_labelmap_with_filled_ones(scan, dhcp9):
    first = np.zeros(SHAPE, np.uint8)
    first[PAINTED] = dhcp9["csf"].value
    first[20:] = dhcp9["wm"].value
    node = loadPrediction(image(first), dhcp9, scan).segmentationNode
    setSegmentStatus(node, "csf", Status.COMPLETE)
    second = np.full(SHAPE, dhcp9["wm"].value, np.uint8)
    loadPrediction(image(second), dhcp9, scan, node)
    assert np.array_equal(segmentMask(node, "csf", scan), PAINTED)
    assert segmentMask(node, "wm", scan).all()


def test_a_second_prediction_replaces_the_first_and_other_segments_are_not_touched(
    scan, labelmap, dhcp9
):
    node = addSegmentation(scan)
    node.GetSegmentation().AddEmptySegment("lesion")
    paint(node, "lesion", PAINTED, scan)
    loadPrediction(image(labelmap), dhcp9, scan, node)
    other = np.roll(labelmap, 5, axis=1)
    check(loadPrediction(image(other), dhcp9, scan, node), scan, other, dhcp9)
    assert np.array_equal(segmentMask(node, "lesion", scan), PAINTED)


def test_a_surface_shown_in_3d_follows_the_new_voxels(scan, labelmap, dhcp9):
    first = np.zeros(SHAPE, np.uint8)
    first[PAINTED] = dhcp9["csf"].value
    node = loadPrediction(image(first), dhcp9, scan).segmentationNode
    node.GetSegmentation().CreateRepresentation("Closed surface")
    second = np.zeros(SHAPE, np.uint8)
    second[10:20, 10:20, 10:20] = dhcp9["csf"].value
    loadPrediction(image(second), dhcp9, scan, node)
    node.GetSegmentation().CreateRepresentation("Closed surface")
    surface = node.GetSegmentation().GetSegment("csf").GetRepresentation("Closed surface")
    centre = np.array(surface.GetCenter())
    assert centre == pytest.approx((ijkToRAS(scan) @ [14.5, 14.5, 14.5, 1])[:3], abs=0.3)


def test_an_existing_node_under_another_transform_gets_the_voxels_where_the_scan_is(
    scan, labelmap, dhcp9
):
    node = addSegmentation(scan)
    turn = addTransform(affine(degrees=(20, 0, 35), origin=(5, 6, 7)))
    node.SetAndObserveTransformNodeID(turn.GetID())
    check(loadPrediction(image(labelmap), dhcp9, scan, node), scan, labelmap, dhcp9)


def test_a_path_and_a_volume_are_as_good_as_an_image(scan, labelmap, dhcp9, tmp_path):
    nibabel.save(image(labelmap), tmp_path / "prediction.nii.gz")
    for source in (tmp_path / "prediction.nii.gz", Volume(labelmap.transpose(2, 1, 0), GEOMETRY)):
        check(loadPrediction(source, dhcp9, scan), scan, labelmap, dhcp9)


def refused(match, labelmap, scheme, scan, node=None):
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    with pytest.raises(UserError, match=match):
        loadPrediction(labelmap, scheme, scan, node)
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes
    assert node is None or node.GetSegmentation().GetNumberOfSegments() == 0


def test_a_prediction_of_another_scan_or_scheme_is_refused_and_nothing_changes(
    scan, labelmap, dhcp9
):
    refused("shape", image(labelmap[1:]), dhcp9, scan)
    refused("away", image(labelmap, affine(origin=(0, 0, 9)) @ GEOMETRY), dhcp9, scan)
    refused("values 77", image(np.where(labelmap == 1, 77, labelmap)), dhcp9, scan)


def test_a_node_kept_as_surfaces_or_bent_is_refused_and_nothing_changes(scan, labelmap, dhcp9):
    node = addSegmentation(scan)
    node.GetSegmentation().SetSourceRepresentationName("Closed surface")
    refused("surfaces", image(labelmap), dhcp9, scan, node)
    bent = addSegmentation(scan)
    bent.SetAndObserveTransformNodeID(addBend().GetID())
    refused("harden", image(labelmap), dhcp9, scan, bent)


def test_an_array_on_the_scans_grid_is_as_good_and_needs_none_of_the_engines_packages(
    scan, labelmap, dhcp9, monkeypatch
):
    monkeypatch.setitem(sys.modules, "partialseg_trainer.volumes", None)
    check(loadPrediction(labelmap, dhcp9, scan), scan, labelmap, dhcp9)
    refused("shape", labelmap[1:], dhcp9, scan)


def test_a_second_segmentation_of_a_scan_has_a_name_of_its_own(scan, labelmap, dhcp9):
    first, second = (loadPrediction(labelmap, dhcp9, scan).segmentationNode for _ in range(2))
    assert first.GetName() == "scan segmentation"
    assert second.GetName() not in (first.GetName(), "")


def test_a_segmentation_of_another_scheme_is_refused_and_nothing_changes(scan, labelmap, dhcp9):
    node = loadPrediction(labelmap, dhcp9, scan).segmentationNode
    node.GetSegmentation().AddEmptySegment("lesion")
    before = node.GetSegmentation().GetSegmentIDs()
    for name in ("brainstem", "fetal8"):
        with pytest.raises(UserError, match=rf"'{name}' has no .*Cerebrospinal fluid"):
            loadPrediction(np.zeros(SHAPE, np.uint8), LabelScheme.load(name), scan, node)
    assert node.GetSegmentation().GetSegmentIDs() == before


def test_a_copied_segment_is_not_taken_for_another_scheme(scan, labelmap, dhcp9):
    node = loadPrediction(labelmap, dhcp9, scan).segmentationNode
    segmentation = node.GetSegmentation()
    copy = slicer.vtkSegment()
    copy.DeepCopy(segmentation.GetSegment("csf"))
    segmentation.AddSegment(copy, segmentation.GenerateUniqueSegmentID("csf"))
    loadPrediction(labelmap, dhcp9, scan, node)
