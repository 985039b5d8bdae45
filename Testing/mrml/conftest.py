"""A MRML scene without the application, and the scheme, scan and segments that most tests use."""

import pytest

from nodes import OBLIQUE, addScan, addSegmentation
from partialseg_trainer.labels import LabelScheme
from PartialSegLib.scene.headless import headlessScene
from PartialSegLib.scene.segments import createSegments


@pytest.fixture
def scene():
    with headlessScene() as scene:
        yield scene


@pytest.fixture(scope="session")
def dhcp9():
    return LabelScheme.load("dhcp9")


@pytest.fixture
def scan(scene):
    """An oblique scan of 24 x 28 x 32 voxels."""
    return addScan(OBLIQUE)


@pytest.fixture
def node(scan, dhcp9):
    """A segmentation of the scan, with an empty segment for each label."""
    node = addSegmentation(scan)
    createSegments(node, dhcp9)
    return node
