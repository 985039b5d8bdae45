"""What the trainer would see of an annotation, before anything is exported."""

import numpy as np
import pytest

from nodes import CEREBRUM, CORTEX, paint
from partialseg_trainer.labels import Status
from PartialSegLib.annotation.preview import preview
from PartialSegLib.annotation.scanAnnotation import Annotation
from PartialSegLib.engine.jobs import JobFailed
from PartialSegLib.scene.segmentStatus import setSegmentStatus


@pytest.fixture
def node(node, scan):
    """With a finished cerebrum."""
    paint(node, "tcv", CEREBRUM, scan)
    setSegmentStatus(node, "tcv", Status.COMPLETE)
    return node


def test_it_shows_what_the_export_writes(node, scan, dhcp9):
    found = preview(Annotation.of(node, scan, dhcp9))
    expected = Annotation.of(node, scan, dhcp9).labelSets().multilabel()
    assert np.array_equal(np.moveaxis(found.codebook[found.codes], -1, 0), expected)


def test_the_shares_of_a_label_are_those_of_its_voxels(node, scan, dhcp9):
    found = preview(Annotation.of(node, scan, dhcp9))
    inside = CEREBRUM.mean()
    assert found.share("tcv", "yes") == pytest.approx(inside)
    assert found.share("tcv", "no") == pytest.approx(1 - inside)
    assert found.share("wm", "unknown") == pytest.approx(inside)
    assert found.share("wm", "yes") == 0


def test_labels_that_exclude_each_other_are_named(node, scan, dhcp9):
    paint(node, "csf", CORTEX, scan)
    setSegmentStatus(node, "csf", Status.IN_PROGRESS)
    with pytest.raises(JobFailed, match="csf and tcv overlap") as caught:
        preview(Annotation.of(node, scan, dhcp9))
    assert caught.value.details["contradictions"][0]["voxels"] == CORTEX.sum()
