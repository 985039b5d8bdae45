"""A MRML scene without the application, and the scheme that most tests use."""

import pytest

from partialseg_trainer.labels import LabelScheme
from PartialSegLib.headless import headlessScene


@pytest.fixture
def scene():
    with headlessScene() as scene:
        yield scene


@pytest.fixture(scope="session")
def dhcp9():
    return LabelScheme.load("dhcp9")
