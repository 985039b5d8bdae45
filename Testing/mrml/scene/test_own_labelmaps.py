"""Segments that leave the labelmaps which they share."""

import numpy as np
import pytest
import slicer
import slicer.util

from nodes import addScan, addSegmentation, block, paint
from PartialSegLib.scene.masks import segmentMask
from PartialSegLib.scene.ownLabelmaps import giveOwnLabelmaps
from PartialSegLib.scene.segmentStatus import hasVoxels

SHAPE = (8, 9, 10)
PARTS = {
    name: block(SHAPE, (k, 0, 0), (k + 2, 9, 10)) for k, name in ((0, "a"), (2, "b"), (5, "c"))
}


@pytest.fixture
def shared(scene):
    """Three segments in one labelmap."""
    scan = addScan(shape=SHAPE)
    node = addSegmentation(scan)
    for name, mask in PARTS.items():
        node.GetSegmentation().AddEmptySegment(name)
        paint(node, name, mask, scan)
    node.GetSegmentation().CollapseBinaryLabelmaps(False)
    assert node.GetSegmentation().GetNumberOfLayers() == 1
    return scan, node


def test_those_that_leave_are_empty_and_nothing_of_them_stays_in_the_labelmap(shared):
    scan, node = shared
    giveOwnLabelmaps(node, ["a", "c"])
    assert not hasVoxels(node, "a") and not hasVoxels(node, "c")
    assert np.array_equal(segmentMask(node, "b", scan), PARTS["b"])
    left = slicer.util.arrayFromSegmentInternalBinaryLabelmap(node, "b")
    assert np.count_nonzero(left) == PARTS["b"].sum()


def test_each_can_be_painted_anew_without_the_others(shared):
    scan, node = shared
    giveOwnLabelmaps(node, ["a", "c"])
    paint(node, "a", PARTS["b"], scan)
    for name, mask in {"a": PARTS["b"], "b": PARTS["b"], "c": np.zeros(SHAPE, bool)}.items():
        assert np.array_equal(segmentMask(node, name, scan), mask)
