"""The tutorial is followed word for word: by its own sentences and the names of what it presses.

The whole of it, with its training, is `Testing/benchmarks/tutorial.py`, which is run by hand: it
takes some ten minutes, and tells whether the model is better than before on the fourth phantom.
"""

import importlib
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "Testing" / "benchmarks"
TUTORIAL = " ".join((ROOT / "Docs" / "tutorial.md").read_text(encoding="utf-8").split())
# Of Slicer, and what is said with emphasis.
ELSEWHERE = {
    *("Extensions Manager", "PartialSeg", "Phantom newborn"),
    *("The total cerebrum alone, complete, is a useful annotation",),
}


@pytest.fixture
def tutorial(monkeypatch):
    """What follows the tutorial, as a module."""
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    return importlib.import_module("tutorial")


def test_every_step_that_is_followed_is_a_sentence_of_the_tutorial_in_its_order(tutorial):
    position = 0
    # What each does waits until it is called.
    for step in tutorial.Session.__new__(tutorial.Session).steps():
        found = TUTORIAL.find(step.sentence, position)
        assert found >= 0, f"after '{TUTORIAL[position:][:60]}': {step.sentence}"
        position = found


def test_what_the_tutorial_presses_is_there_under_that_name(tutorial, standIn, tmp_path):
    person = tutorial.Session(standIn, tmp_path)
    # What ends with a full stop is a sentence, and no name.
    named = set(re.findall(r"\*\*([^*|]+[^*|.])\*\*", TUTORIAL)) - ELSEWHERE
    shown = {
        str(getattr(widget, name, "")).rstrip(":")
        for section in person.panel.sections
        for widget in vars(section.ui).values()
        for name in ("text", "title")
    }
    assert len(named) > 20 and named <= shown, named - shown
    samples = set(re.findall(r"\*(Phantom newborn[^*]*)\*", TUTORIAL))
    assert len(samples) == 4 and samples <= set(person._sources)
