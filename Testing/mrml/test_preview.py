"""What the trainer would see of an annotation, before anything is exported."""

import numpy as np
import pytest

from nodes import addScan, addSegmentation, affine, block, paint
from partialseg_trainer.labels import Status
from PartialSegLib.annotation import labelSetsFromSegmentation
from PartialSegLib.jobs import JobFailed
from PartialSegLib.preview import preview
from PartialSegLib.segments import createSegments
from PartialSegLib.segmentStatus import setSegmentStatus

SHAPE = (24, 28, 32)
CEREBRUM = block(SHAPE, (4, 4, 4), (20, 24, 28))
CORTEX = block(SHAPE, (4, 4, 4), (20, 24, 10))


@pytest.fixture
def scan(scene):
    return addScan(affine(spacing=(0.7, 0.8, 1.1), degrees=(15, -20, 8)), SHAPE)


@pytest.fixture
def node(scan, dhcp9):
    node = addSegmentation(scan)
    createSegments(node, dhcp9)
    paint(node, "tcv", CEREBRUM, scan)
    setSegmentStatus(node, "tcv", Status.COMPLETE)
    return node


def test_it_shows_what_the_export_writes(node, scan, dhcp9):
    found = preview(node, scan, dhcp9)
    expected = labelSetsFromSegmentation(node, scan, dhcp9).multilabel()
    assert np.array_equal(np.moveaxis(found.codebook[found.codes], -1, 0), expected)


def test_the_shares_of_a_label_are_those_of_its_voxels(node, scan, dhcp9):
    found = preview(node, scan, dhcp9)
    inside = CEREBRUM.mean()
    assert found.share("tcv", "yes") == pytest.approx(inside)
    assert found.share("tcv", "no") == pytest.approx(1 - inside)
    assert found.share("wm", "unknown") == pytest.approx(inside)
    assert found.share("wm", "yes") == 0


def test_labels_that_exclude_each_other_are_named(node, scan, dhcp9):
    paint(node, "csf", CORTEX, scan)
    setSegmentStatus(node, "csf", Status.IN_PROGRESS)
    with pytest.raises(JobFailed, match="csf and tcv overlap") as caught:
        preview(node, scan, dhcp9)
    assert caught.value.details["contradictions"][0]["voxels"] == CORTEX.sum()
