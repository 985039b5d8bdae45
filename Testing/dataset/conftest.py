"""A small dataset for the tests of this folder."""

import pytest

from partialseg_trainer.dataset import Dataset
from partialseg_trainer.labels import LabelScheme, LabelSets
from small_scans import image, labelmap


@pytest.fixture(scope="session")
def dhcp9() -> LabelScheme:
    return LabelScheme.load("dhcp9")


@pytest.fixture
def dataset(tmp_path, dhcp9) -> Dataset:
    """Two fully labelled subjects and one with an unknown cerebrum."""
    dataset = Dataset.create(tmp_path / "dataset", dhcp9, "three neonates")
    for seed, subject in enumerate(("01", "02", "03")):
        hidden = {"cgm", "wm", "dgm"} if subject == "03" else set()
        known = [name for name in dhcp9.names if name not in hidden]
        sets = LabelSets.from_labelmap(dhcp9, labelmap(seed).data, known)
        dataset.add_case(subject, image(seed), sets, dict.fromkeys(known, "complete"))
    return dataset
