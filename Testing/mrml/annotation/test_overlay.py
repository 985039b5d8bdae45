"""The overlay of what is known, in the views and out of them again."""

import numpy as np
import pytest
import slicer
import slicer.util

from nodes import addScan, addSegmentation, addTransform, affine
from PartialSegLib.annotation.overlay import Overlay, removeTraces
from PartialSegLib.annotation.preview import Preview

SHAPE = (6, 7, 8)
GEOMETRY = affine(spacing=(0.7, 0.8, 1.1), degrees=(15, -20, 8), flip=(0,))


@pytest.fixture
def views(scene):
    views = []
    for name in ("Red", "Green"):
        view = slicer.vtkMRMLSliceCompositeNode()
        view.SetLayoutName(name)
        views.append(scene.AddNode(view))
    return views


@pytest.fixture
def scan(scene):
    return addScan(GEOMETRY, SHAPE)


@pytest.fixture
def node(scan):
    return addSegmentation(scan)


@pytest.fixture
def preview(dhcp9):
    random = np.random.default_rng(0)
    codes = random.integers(0, 3, SHAPE).astype(np.uint8)
    codebook = random.permuted(np.tile(np.arange(3, dtype=np.uint8), (len(dhcp9), 1)), axis=1).T
    return Preview(dhcp9, codes, codebook, {})


def test_each_voxel_has_the_colour_of_what_is_known_of_the_label(preview, scan, node, views, dhcp9):
    overlay = Overlay(scan, node)
    colours = overlay.volumeNode.GetDisplayNode().GetColorNode()
    for name in ("tcv", "csf"):
        overlay.show(preview, name)
        values = slicer.util.arrayFromVolume(overlay.volumeNode)
        known = preview.codebook[preview.codes, dhcp9.index(name)]
        for vector, word in enumerate(("no", "yes", "unknown")):
            (value,) = np.unique(values[known == vector])
            assert colours.GetColorName(int(value)) == word
    assert {view.GetLabelVolumeID() for view in views} == {overlay.volumeNode.GetID()}
    assert {view.GetBackgroundVolumeID() for view in views} == {scan.GetID()}


def test_it_lies_on_the_scan_under_its_transform(scan, node):
    scan.SetAndObserveTransformNodeID(addTransform(affine(degrees=(0, 30, 0))).GetID())
    overlay = Overlay(scan, node)
    bounds, expected = [0] * 6, [0] * 6
    overlay.volumeNode.GetRASBounds(bounds)
    scan.GetRASBounds(expected)
    assert bounds == pytest.approx(expected)


def test_the_views_and_the_scene_are_as_before_when_it_is_removed(preview, scan, node, views):
    other = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    views[0].SetLabelVolumeID(other.GetID())
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    overlay = Overlay(scan, node)
    assert not node.GetDisplayNode().GetVisibility2DFill()
    overlay.show(preview, "tcv")
    overlay.remove()
    assert [view.GetLabelVolumeID() for view in views] == [other.GetID(), None]
    assert node.GetDisplayNode().GetVisibility2DFill()
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes


def test_what_a_user_has_chosen_meanwhile_stays(scan, node, views):
    overlay = Overlay(scan, node)
    other = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    views[1].SetLabelVolumeID(other.GetID())
    overlay.remove()
    assert views[1].GetLabelVolumeID() == other.GetID()


def test_it_is_neither_saved_nor_listed(scan, node):
    overlay = Overlay(scan, node)
    display = overlay.volumeNode.GetDisplayNode()
    for entry in (overlay.volumeNode, display, display.GetColorNode()):
        assert not entry.GetSaveWithScene()
        assert entry.GetHideFromEditors()


def test_it_can_be_removed_after_the_scene_was_closed(scan, node, views):
    overlay = Overlay(scan, node)
    slicer.mrmlScene.Clear(False)
    overlay.remove()
    assert all(view.GetLabelVolumeID() is None for view in views)


def test_a_scene_that_was_saved_with_it_is_as_before_when_it_is_opened(
    scene, scan, node, views, tmp_path
):
    Overlay(scan, node)
    scene.SetURL(str(tmp_path / "scene.mrml"))
    scene.Commit()
    scene.Clear(True)
    scene.Connect()
    display = scene.GetFirstNodeByClass("vtkMRMLSegmentationDisplayNode")
    assert not display.GetVisibility2DFill()
    removeTraces()
    assert display.GetVisibility2DFill()
    assert scene.GetFirstNodeByClass("vtkMRMLSliceCompositeNode").GetLabelVolumeID() is None
